/** `quiesced proxy` is killed at every call that changes a file; the next command settles it, and undo still works. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { changeProxy } from '../../agent/proxy/change.ts';
import type { ProxyRequest } from '../../agent/proxy/plan.ts';
import { settleUnlessBusy } from '../../agent/proxy/settle.ts';
import { localSystem } from '../../agent/system/local.ts';
import { filesOf, WANTED } from '../unit/proxy/machines.ts';
import { MAIN, whyNot } from './check-rig.ts';

const KILLER = join(import.meta.dirname, '../fixtures/kill-at.ts');
const MACHINE = join(import.meta.dirname, '../fixtures/proxy/already-set');
const APPLY: ProxyRequest = { do: 'apply', wanted: WANTED, packages: true };
const FLAGS = ['--url', 'http://10.0.0.8:3128', '--bypass', '.internal.example', '--packages'];
const AT_ONCE = 3;
/** A start of the program takes a third of the time, and there are many. */
const COMPILED = join(import.meta.dirname, '../../.tap/compiled');

const here = (root: string) => ({
  system: localSystem({ root, live: false, env: {} }),
  backupUnderWay: async () => undefined,
});

/** The real program in a root of its own. */
async function run(root: string, env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  const confined = {
    PATH: process.env.PATH ?? '',
    NODE_COMPILE_CACHE: COMPILED,
    QUIESCED_TEST: '1',
    QUIESCED_TEST_ROOT: root,
    ...env,
  };
  const argv = Object.entries(confined).map(([name, value]) => `${name}=${value}`);
  // By env(1), because the test runner adds to the environment of what is started.
  const child = spawn('env', ['-i', ...argv, process.execPath, `--import=${KILLER}`, MAIN, 'proxy', ...args], {
    stdio: 'ignore',
    timeout: 30_000,
  });
  const [code, signal] = await once(child, 'close');
  return String(signal ?? code);
}

interface Sweep {
  /** Brings a new machine to where the command starts. */
  readonly prepare: (root: string) => Promise<unknown>;
  readonly command: readonly string[];
  readonly request: ProxyRequest;
  /** Every call, or every third: the way through them is the same. */
  readonly every: number;
}

async function killedEverywhere(t: Test, { prepare, command, request, every }: Sweep): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-kill-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const fresh = async (name: string) => {
    const root = join(folder, name);
    cpSync(MACHINE, root, { recursive: true, verbatimSymlinks: true });
    const untouched = filesOf({ root });
    await prepare(root);
    return { root, untouched, before: filesOf({ root }) };
  };
  const whole = await fresh('whole');
  const counted = join(folder, 'count');
  t.equal(await run(whole.root, { KILL_COUNT: counted }, ...command), '0');
  const [after, calls] = [filesOf(whole), Number(readFileSync(counted, 'utf8'))];
  t.ok(calls > 30, `${calls} calls that change something`);

  const outcomes = { back: 0, done: 0 };
  const killedAt = async (call: number): Promise<void> => {
    const { root, untouched, before } = await fresh(`at-${call}`);
    const told = `killed before call ${call}`;
    t.equal(await run(root, { KILL_AT: String(call) }, ...command), 'SIGKILL', told);
    for (const [path, text] of Object.entries(filesOf({ root }))) {
      if (!path.endsWith('.tmp')) t.ok([before[path], after[path]].includes(text), `${told}: ${path} is old or new`);
    }
    await settleUnlessBusy(here(root), 'test');
    const settled = filesOf({ root });
    const isBack = Object.keys(before).every((path) => settled[path] === before[path]);
    outcomes[isBack ? 'back' : 'done'] += 1;
    t.strictSame(settled, isBack ? before : after, `${told}: settled, all or none`);
    await changeProxy(here(root), request, 'none');
    t.strictSame(filesOf({ root }), after, `${told}: the same command does it`);
    for (let undone = 0; undone < 3; undone += 1) await changeProxy(here(root), { do: 'undo', force: false }, 'none');
    t.strictSame(filesOf({ root }), untouched, `${told}: and it can be undone`);
    rmSync(root, { recursive: true });
  };
  for (let call = 1; call <= calls; call += AT_ONCE * every) {
    const some = Array.from({ length: AT_ONCE }, (_, index) => call + index * every).filter((each) => each <= calls);
    await Promise.all(some.map(killedAt));
  }
  t.ok(outcomes.back > 0, 'some were taken back', outcomes);
}

const options = { skip: whyNot(), timeout: 240_000 };

t.test('apply', options, (t) =>
  killedEverywhere(t, { prepare: async () => undefined, command: ['apply', ...FLAGS], request: APPLY, every: 1 }),
);

t.test('undo', options, (t) =>
  killedEverywhere(t, {
    prepare: (root) => changeProxy(here(root), APPLY, 'none'),
    command: ['undo'],
    request: { do: 'undo', force: false },
    every: 4,
  }),
);
