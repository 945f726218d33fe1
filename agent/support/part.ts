import type { RunResult, System } from '../system/system.ts';

/** One file of a support bundle. */
export interface Part {
  /** Its path in the archive: `logs/waagent.log`. */
  readonly name: string;
  /** It is left out when it takes longer. */
  readonly limitMs: number;
  /** Looks only. Throws for what cannot be had: the message says in the manifest why it is left out. */
  gather(): Promise<Content>;
  /** Secrets that only somebody who knows this very file can tell. */
  secretsIn?(text: string): readonly string[];
}

export interface Content {
  /** Not redacted yet. */
  readonly text: string;
  /** What is missing of it, or odd about it. */
  readonly note?: string;
}

/** Not a fault: most machines have only half of what we look for. */
export class Absent extends Error {}

export const FILE_LIMIT_MS = 5000;
/** The end of a log is what matters; a configuration of this size is another file by mistake. */
const MOST_BYTES = 256 * 1024;
const COMMAND_LIMIT_MS = 10_000;

/**
 * The end of a file, read by a program: a disk or a server that does not answer then hangs a process that can be abandoned,
 * and not a thread of ours.
 */
export const fileEnd = (system: System, name: string, path: string): Part => ({
  name,
  limitMs: FILE_LIMIT_MS,
  async gather() {
    const argv = ['tail', '-c', String(MOST_BYTES + 1), '--', system.resolve(path)];
    const result = await system.run(argv, { timeoutMs: FILE_LIMIT_MS });
    if (/No such file|Not a directory/.test(result.stderr)) throw new Absent(`there is no ${path}`);
    const text = outputOf(result);
    return Buffer.byteLength(text) <= MOST_BYTES ? { text } : { text: afterCut(text), note: 'its end only' };
  },
});

/** What a program prints. One that fails is kept when it printed something: its complaint is an answer, too. */
export const command = (
  system: System,
  name: string,
  argv: readonly string[],
  limitMs: number = COMMAND_LIMIT_MS,
): Part => ({
  name,
  limitMs,
  async gather() {
    const result = await system.run(argv, { timeoutMs: limitMs });
    if (result.ended === 'not-found') throw new Absent(`there is no ${argv[0]} here`);
    if (result.ended === 'exited' && result.exitCode === 0) return { text: outputOf(result) };
    const text = `${result.stdout}${result.stderr}`;
    if (text.trim() === '') outputOf(result);
    return { text, note: howItEnded(result) };
  },
});

/** Something that we make ourselves, as JSON. */
export const made = (name: string, limitMs: number, make: () => Promise<unknown>): Part => ({
  name,
  limitMs,
  gather: async () => ({ text: JSON.stringify(await make()) ?? 'null' }),
});

function outputOf(result: RunResult): string {
  if (result.ended === 'exited' && result.exitCode === 0) return result.stdout;
  throw new Error([howItEnded(result), result.stderr.trim()].filter((word) => word !== '').join(': '));
}

const howItEnded = ({ ended, exitCode }: RunResult): string => {
  if (ended === 'exited') return `the program that was asked ended with ${exitCode}`;
  return ended === 'timed-out' ? 'no answer in time' : `the program that was asked: ${ended}`;
};

/**
 * From the next line on. What begins in the middle of a line may begin in the middle of a password, and what begins in
 * the middle of a private key has no first line that would tell it for one.
 */
export function afterCut(text: string): string {
  const whole = text.slice(text.search(/\n/) + 1 || text.length);
  const end = /-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----/.exec(whole)?.index ?? -1;
  const begin = whole.indexOf('-----BEGIN ');
  return end >= 0 && (begin < 0 || end < begin) ? whole.slice(end) : whole;
}
