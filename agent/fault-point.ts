import { appendFileSync, writeFileSync } from 'node:fs';

/**
 * A place where a test makes this program fail: before and after every effect and every record, named
 * `room.step.before` and `room.step.after`. Nothing happens there unless `QUIESCED_TEST=1` and
 * `QUIESCED_TEST_FAULT=NAME=ACTION` or `NAME#2=ACTION` (at the second pass) say so. What is to happen:
 *
 * - `stop`: this process stops itself (SIGSTOP), and the test does the rest from outside;
 * - `kill`: it ends itself (SIGKILL), where nobody can stop it first: on Windows;
 * - `ENOSPC`, `EIO`: throws a system error with that code, as if the effect had failed;
 * - `throw`: throws an error that nobody foresaw;
 * - `hang`: never comes back.
 *
 * That it has come to pass is written to the file `QUIESCED_TEST_FAULT_REACHED` first, which must not lie on what is
 * frozen. Once for all processes that inherit the environment: who recovers must not fall into the same hole again.
 * `QUIESCED_TEST_FAULT=trace` only notes each pass in that file.
 */
export function faultPoint(name: string): Promise<void> | undefined {
  if (armed === undefined || !isDue(armed, name)) return undefined;
  if (armed.action === 'hang') return new Promise(() => undefined);
  fail(armed.action, name);
  return undefined;
}

/** The same where nothing may come in between; to hang here is to hang with the whole thread. */
export function faultPointSync(name: string): void {
  if (armed === undefined || !isDue(armed, name)) return;
  if (armed.action === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  fail(armed.action, name);
}

const ACTIONS = ['stop', 'kill', 'ENOSPC', 'EIO', 'throw', 'hang', 'trace'] as const;
type Action = (typeof ACTIONS)[number];

interface Armed {
  /** Undefined for all of them. */
  readonly name: string | undefined;
  /** Which pass of this process. */
  readonly pass: number;
  readonly action: Action;
  readonly reachedPath: string;
}

/** The state of this process, like its environment, from which it is read once: a place costs one comparison. */
const armed = process.env.QUIESCED_TEST === '1' ? armedBy(process.env) : undefined;
const passes = new Map<string, number>();

function armedBy({ QUIESCED_TEST_FAULT: text, QUIESCED_TEST_FAULT_REACHED: reachedPath }: NodeJS.ProcessEnv) {
  if (text === undefined) return undefined;
  const [, name, pass, word] = /^(?:([a-z.-]+)(?:#(\d+))?=)?(\w+)$/.exec(text) ?? [];
  const action = ACTIONS.find((each) => each === word);
  if (action === undefined || reachedPath === undefined || (name === undefined) !== (action === 'trace')) {
    throw new Error(`a test arms no fault point by QUIESCED_TEST_FAULT=${text}`);
  }
  return { name, pass: Number(pass ?? 1), action, reachedPath } satisfies Armed;
}

function isDue({ name: wanted, pass: due, reachedPath }: Armed, name: string): boolean {
  if (wanted !== undefined && wanted !== name) return false;
  const pass = (passes.get(name) ?? 0) + 1;
  passes.set(name, pass);
  const line = `${name}#${pass} ${process.pid} ${process.argv[2]}\n`;
  if (wanted === undefined) appendFileSync(reachedPath, line);
  return wanted !== undefined && pass === due && isFirst(reachedPath, line);
}

/** Whether none of our processes has been here before; O_EXCL decides between two at once. */
function isFirst(reachedPath: string, line: string): boolean {
  try {
    writeFileSync(reachedPath, line, { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function fail(action: Action, name: string): void {
  if (action === 'stop') process.kill(process.pid, 'SIGSTOP');
  else if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  else if (action === 'throw') throw new Error(`a bug, planted at ${name}`);
  else throw Object.assign(new Error(`${action}: planted at ${name}`), { code: action });
}
