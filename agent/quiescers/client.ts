import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import { redact } from '../redact.ts';
import type { Account } from '../system/account.ts';
import { asAccount } from '../system/account.ts';
import { cmdCannotTake, windowsProgram } from '../system/command-line-windows.ts';
import { type Program, startProgram, whyNotFound } from '../system/spawn.ts';
import type { System } from '../system/system.ts';
import { assertOnlyRootCanChange } from '../system/trust.ts';
import { orUndefinedAfter, rejectedBy } from '../system/waits.ts';

/**
 * The vendor's own client, kept open: what it locks, it holds until it is closed. Its input passes through a feeder
 * that outlives us and ends by itself when our pipe does or when the time is up; with the end of its input the client
 * ends, and its session with it. So nothing that it holds is held for longer, whatever becomes of this process.
 */
export interface HeldClient {
  /**
   * Sends lines, and returns what is answered up to the line that `isLast` knows. Throws with the client's last words
   * when it ends instead, and with the signal's reason when that is aborted.
   */
  ask(lines: readonly string[], isLast: (line: string) => boolean, signal: AbortSignal): Promise<readonly string[]>;
  /** Ends the client and all its kin, without the farewell. Safe more than once. */
  close(): Promise<void>;
  /** The same for one that did not do as it was asked: with the farewell, and two seconds to act upon it. */
  leave(): Promise<void>;
}

export interface ClientOptions {
  /** On Windows the program by its absolute path. */
  readonly argv: readonly string[];
  /** How this program is started again: it is its own feeder where there is no shell. */
  readonly self: readonly string[];
  /** Never shown; where passwords go that have to be told. */
  readonly env?: Readonly<Record<string, string>>;
  /** Undefined: as we are, as always on Windows. */
  readonly account?: Account | undefined;
  /** After that the feeder ends, and the client is told so by the end of its input. */
  readonly lifeMs: number;
  /** What the client is told when we are gone or the time is up: for what does not end with its session. */
  readonly farewell?: readonly string[];
}

/**
 * The feeder hands each line on, until one says that all is well. `kill`: the client has ended first, and whoever waits
 * for this shell must not wait for its feeder.
 */
const FEED = `limit=$1; shift
{ timeout --foreground "$limit" /bin/sh -c '
    while IFS= read -r line; do
      [ "$line" = "$QUIESCED_BYE" ] && exit 0
      printf "%s\\n" "$line"
    done
    exit 1' || [ -z "$QUIESCED_FAREWELL" ] || printf '%s\\n' "$QUIESCED_FAREWELL"
} | { unset QUIESCED_BYE QUIESCED_FAREWELL; "$@"; kill "$$"; }`;

const KILL_GRACE_MS = 500;
/** On Windows nobody is asked to end but by the end of his input. */
const ORDERLY_MS = 2000;
const FAREWELL_MS = 2000;
const LAST_WORDS = 3;
/** Answers that are kept to be told from complaints. */
const MOST_ANSWERS = 1000;

interface Waiting {
  readonly isLast: (line: string) => boolean;
  readonly lines: string[];
  resolve(lines: readonly string[]): void;
}

export async function openClient(system: System, options: ClientOptions): Promise<HeldClient> {
  const { farewell = [] } = options;
  const name = options.argv[0] ?? '';
  if (!(await isThere(system, name))) {
    throw new UserError('quiescer.no-client', `${name} is not installed, or cannot be run`, {
      remedy: 'Install the client program of the database, or name it: client = PATH in the section of the quiescer.',
    });
  }
  if (system.platform === 'windows' && windowsProgram(name) === 'cmd' && options.argv.some(cmdCannotTake)) {
    throw new UserError('quiescer.no-client', `${name} is run by cmd.exe, which takes % and " for its own`, {
      remedy: 'Name a client that is an .exe, or write its words without them.',
    });
  }
  if (system.live && (options.account?.uid ?? 0) === 0) {
    await assertOnlyRootCanChange(system, [name], { code: 'quiescer.unsafe', as: 'as a client' });
  }
  const bye = randomUUID();
  const as = options.account === undefined ? { argv: [], env: alone(system) } : asAccount(options.account);
  const env = { ...as.env, ...options.env, QUIESCED_BYE: bye, QUIESCED_FAREWELL: farewell.join('\n') };
  const argv = [...feederOf(system, options), ...as.argv, ...options.argv];
  let waiting: Waiting | undefined;
  const answers = new Set<string>();
  const onLine = (line: string) => {
    if (answers.size < MOST_ANSWERS) answers.add(line.trim());
    if (waiting === undefined) return;
    waiting.lines.push(line);
    if (!waiting.isLast(line)) return;
    waiting.resolve(waiting.lines);
    waiting = undefined;
  };
  await faultPoint('client.start.before');
  const program = await startProgram(system, argv, { env, input: 'lines', onLine, outlives: true });
  await faultPoint('client.start.after');
  const gone = program.ended.then((): never => {
    throw new Error(`${name} has ended${lastWords(program, answers)}`);
  });
  gone.catch(() => undefined);
  const end = async (lastWord?: string) => {
    waiting = undefined;
    await faultPoint('client.close.before');
    if (lastWord !== undefined) program.writeLine(lastWord);
    program.endInput();
    if (system.platform === 'windows') await orUndefinedAfter(ORDERLY_MS, program.ended);
    await program.killAll(KILL_GRACE_MS);
    await faultPoint('client.close.after');
  };

  return {
    async ask(lines, isLast, signal) {
      const { promise, resolve } = Promise.withResolvers<readonly string[]>();
      waiting = { isLast, lines: [], resolve };
      await faultPoint('client.ask.before');
      for (const line of lines) program.writeLine(line);
      const answer = await Promise.race([promise, gone, rejectedBy(signal)]);
      await faultPoint('client.ask.after');
      return answer;
    },
    close: () => end(bye),
    async leave() {
      program.endInput();
      await Promise.race([program.ended, sleep(FAREWELL_MS)]);
      await end();
    },
  };
}

const isThere = async (system: System, name: string): Promise<boolean> =>
  system.platform === 'windows'
    ? windowsProgram(name) !== undefined && (await system.stat(name))?.kind === 'file'
    : whyNotFound(name) === undefined;

/**
 * Clients load libraries by PATH, and what the configuration of OpenSSL names: where that is compiled in as a folder that
 * does not exist, any user of Windows may make it (CVE-2019-1552).
 */
const alone = ({ platform, env }: System): Readonly<Record<string, string>> =>
  platform === 'windows' ? { PATH: `${env.SystemRoot ?? 'C:\\Windows'}\\System32`, OPENSSL_CONF: 'NUL' } : {};

const feederOf = ({ platform }: System, { self, lifeMs }: ClientOptions): readonly string[] =>
  platform === 'windows'
    ? [...self, 'client-feeder', String(lifeMs), '--']
    : ['/bin/sh', '-c', FEED, 'sh', String(lifeMs / 1000)];

/** What a client complains of before it gives up is why; what it has answered before that is of no interest. */
function lastWords(program: Program, answers: ReadonlySet<string>): string {
  const lines = program
    .output()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !answers.has(line));
  return lines.length === 0 ? '' : `: ${redact(lines.slice(-LAST_WORDS).join(' '))}`;
}
