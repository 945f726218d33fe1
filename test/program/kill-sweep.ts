/** A command that changes files is killed at every call that changes one, each time on a new machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { COMPILED } from '../compiled.ts';
import { filesOf } from '../unit/proxy/machines.ts';
import { MAIN } from './check-rig.ts';

const KILLER = join(import.meta.dirname, '../fixtures/kill-at.ts');
const AT_ONCE = 3;

export interface Sweep {
  /** Makes the machine in a folder that does not exist. */
  readonly plant: (root: string) => void;
  /** Brings it to where the command starts. */
  readonly prepare: (root: string) => Promise<unknown>;
  readonly command: readonly string[];
  /** Every call, or every third: the way through them is the same. */
  readonly every: number;
  /** What any later command does first. */
  readonly settle: (root: string) => Promise<unknown>;
  /** The same command, in this process. */
  readonly again: (root: string) => Promise<unknown>;
  readonly undo: (root: string) => Promise<unknown>;
}

/** The real program in a root of its own. */
async function run(root: string, env: Readonly<Record<string, string>>, args: readonly string[]): Promise<string> {
  const confined = {
    PATH: process.env.PATH ?? '',
    NODE_COMPILE_CACHE: COMPILED,
    QUIESCED_TEST: '1',
    QUIESCED_TEST_ROOT: root,
    ...env,
  };
  const argv = Object.entries(confined).map(([name, value]) => `${name}=${value}`);
  // By env(1), because the test runner adds to the environment of what is started.
  const child = spawn('env', ['-i', ...argv, process.execPath, `--import=${KILLER}`, MAIN, ...args], {
    stdio: 'ignore',
    timeout: 60_000,
  });
  const [code, signal] = await once(child, 'close');
  return String(signal ?? code);
}

export async function killedEverywhere(t: Test, sweep: Sweep): Promise<void> {
  const { plant, prepare, command, every, settle, again, undo } = sweep;
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-kill-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const fresh = async (name: string) => {
    const root = join(folder, name);
    plant(root);
    const untouched = filesOf({ root });
    await prepare(root);
    return { root, untouched, before: filesOf({ root }) };
  };
  const whole = await fresh('whole');
  const counted = join(folder, 'count');
  t.equal(await run(whole.root, { KILL_COUNT: counted }, command), '0');
  const [after, calls] = [filesOf(whole), Number(readFileSync(counted, 'utf8'))];
  t.ok(calls > 30, `${calls} calls that change something`);

  const outcomes = { back: 0, done: 0 };
  const killedAt = async (call: number): Promise<void> => {
    const { root, untouched, before } = await fresh(`at-${call}`);
    const told = `killed before call ${call}`;
    t.equal(await run(root, { KILL_AT: String(call) }, command), 'SIGKILL', told);
    for (const [path, text] of Object.entries(filesOf({ root }))) {
      if (!path.endsWith('.tmp')) t.ok([before[path], after[path]].includes(text), `${told}: ${path} is old or new`);
    }
    await settle(root);
    const settled = filesOf({ root });
    const isBack = Object.keys(before).every((path) => settled[path] === before[path]);
    outcomes[isBack ? 'back' : 'done'] += 1;
    t.strictSame(settled, isBack ? before : after, `${told}: settled, all or none`);
    await again(root);
    t.strictSame(filesOf({ root }), after, `${told}: the same command does it`);
    for (let undone = 0; undone < 3; undone += 1) await undo(root);
    t.strictSame(filesOf({ root }), untouched, `${told}: and it can be undone`);
    rmSync(root, { recursive: true });
  };
  for (let call = 1; call <= calls; call += AT_ONCE * every) {
    const some = Array.from({ length: AT_ONCE }, (_, index) => call + index * every).filter((each) => each <= calls);
    await Promise.all(some.map(killedAt));
  }
  t.ok(outcomes.back > 0, 'some were taken back', outcomes);
}
