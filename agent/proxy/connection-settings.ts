/**
 * The binary values in which WinINet keeps a connection's proxy: `DefaultConnectionSettings` and `SavedLegacySettings`.
 * Microsoft does not document them; by several who looked: a version (0x3c, 0x46), a counter of changes, flags, then
 * three texts with their lengths before them, little-endian, and zeros.
 */
export interface ConnectionSettings {
  readonly version: number;
  /** One more with each change: that is how WinINet notices. */
  readonly counter: number;
  readonly flags: number;
  /** `host:port`, or by scheme: `http=h:1;https=h:2`. */
  readonly server: string;
  /** By semicolons. */
  readonly bypass: string;
  /** Address of a script that configures it. */
  readonly script: string;
  /** Whatever follows, in hexadecimal. */
  readonly rest: string;
}

export const FLAGS = { direct: 1, proxy: 2, script: 4, detect: 8 } as const;

const VERSION = 0x46;
const REST = '00'.repeat(32);

export const NO_CONNECTION: ConnectionSettings = {
  version: VERSION,
  counter: 0,
  flags: FLAGS.direct,
  server: '',
  bypass: '',
  script: '',
  rest: REST,
};

/** Undefined for what is cut off or none. @param hex digits, two a byte. */
export function parseConnectionSettings(hex: string): ConnectionSettings | undefined {
  if (!/^([0-9a-f]{2})*$/i.test(hex)) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length < 12) return undefined;
  const texts: string[] = [];
  let at = 12;
  while (texts.length < 3) {
    // Shorter ones are seen where nothing was ever set: what is missing is empty.
    if (at === bytes.length) {
      texts.push('');
      continue;
    }
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) return undefined;
    texts.push(bytes.toString('latin1', at + 4, end));
    at = end;
  }
  const [server = '', bypass = '', script = ''] = texts;
  const numbers = { version: bytes.readUInt32LE(0), counter: bytes.readUInt32LE(4), flags: bytes.readUInt32LE(8) };
  return { ...numbers, server, bypass, script, rest: bytes.toString('hex', at) };
}

/** The reverse. */
export function formatConnectionSettings({ version, counter, flags, rest, ...texts }: ConnectionSettings): string {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    return bytes;
  };
  const parts = [texts.server, texts.bypass, texts.script].flatMap((text) => [
    number(text.length),
    Buffer.from(text, 'latin1'),
  ]);
  return Buffer.concat([...[version, counter, flags].map(number), ...parts, Buffer.from(rest, 'hex')]).toString('hex');
}

/** Goes through this proxy, by whatever else was set (a script, detection) no longer; counted as a change. */
export const withProxy = (
  present: ConnectionSettings,
  proxy: Pick<ConnectionSettings, 'server' | 'bypass'>,
): ConnectionSettings => ({
  ...present,
  ...proxy,
  counter: (present.counter + 1) >>> 0,
  flags: FLAGS.direct | FLAGS.proxy,
  script: '',
});

/** Whether it says the same, however often it was changed. */
export const saysSame = (a: ConnectionSettings, b: ConnectionSettings): boolean =>
  a.flags === b.flags && a.server === b.server && a.bypass === b.bypass && a.script === b.script;
