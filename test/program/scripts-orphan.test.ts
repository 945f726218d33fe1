/** Our process is killed while a pre script runs: the script is gone before its post script starts. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { OwedScript, Script } from '../../agent/scripts/script.ts';
import { fromOwed, INTERRUPTED } from '../../agent/snapshot/scripts.ts';
import { createCgroup } from '../../agent/system/cgroup.ts';
import { endMarked } from '../../agent/system/kin.ts';
import { localSystem } from '../../agent/system/local.ts';
import { startProgram } from '../../agent/system/spawn.ts';
import type { System } from '../../agent/system/system.ts';
import { isAlive, NOTE, type Rig, scriptAt, scriptsRig, until } from './scripts-rig.ts';

const calm = new AbortController().signal;
const PROGRAM = join(import.meta.dirname, '../fixtures/scripts-crash.ts');

const planted = (rig: Rig, name: string, pre: string, post: string): Script =>
  scriptAt(rig.put(`/opt/${name}.pre`, `#!/bin/sh\n${NOTE}${pre}\n`), {
    name,
    post: { path: rig.put(`/opt/${name}.post`, `#!/bin/sh\n${post}\n`), args: [] },
  });

/** Enters in a process that is killed once the pre scripts have noted `count` processes. */
async function killedWhile(t: Test, rig: Rig, scripts: readonly Script[], count: number): Promise<void> {
  writeFileSync(join(rig.root, 'asked.json'), JSON.stringify({ root: rig.root, scripts, owedFile: owedFile(rig) }));
  const ours = spawn(process.execPath, [PROGRAM, join(rig.root, 'asked.json')], { stdio: 'ignore' });
  const ended = once(ours, 'exit');
  t.ok(await until(() => rig.noted().length === count), 'they run');
  ours.kill('SIGKILL');
  t.match(await ended, [null, 'SIGKILL']);
}

const owedFile = (rig: Rig): string => join(rig.root, 'owed.json');
const owed = (rig: Rig): readonly OwedScript[] => JSON.parse(readFileSync(owedFile(rig), 'utf8'));

const recover = (rig: Rig): Promise<void> => {
  const record = (rest: readonly OwedScript[]) => writeFileSync(owedFile(rig), JSON.stringify(rest));
  return fromOwed(rig.system, owed(rig), { record }).leave(calm, INTERRUPTED);
};

/** Says which of those that the pre script noted are there when the post script runs. */
const RELEASE =
  'for pid in $(cat "$ROOT/pids"); do grep -qs "^State:[[:space:]]*[A-WYa-z]" /proc/$pid/status && echo $pid >>"$ROOT/met"; done\nrm -f "$ROOT/HELD"; echo ran >>"$ROOT/post"';

for (const [what, deaf] of [
  ['one that listens', ''],
  ['one that does not', "trap '' TERM HUP\n"],
] as const) {
  t.test(`an orphaned pre script holds nothing after its post script: ${what}`, async (t) => {
    const rig = scriptsRig(t);
    const hold = `${deaf}note $$; until [ -e "$ROOT/go" ]; do sleep 0.1; done; touch "$ROOT/HELD"`;
    await killedWhile(t, rig, [planted(rig, 'a', hold, RELEASE)], 1);
    t.ok(rig.noted().every(isAlive), 'nobody ended it yet');
    await recover(rig);
    t.notOk(rig.noted().some(isAlive));
    t.equal(rig.read('met'), '', 'it was gone when the post script ran');
    rig.put('/go', '');
    await sleep(1000);
    t.strictSame([existsSync(join(rig.root, 'HELD')), rig.read('post')], [false, 'ran\n']);
    t.strictSame(owed(rig), []);
  });
}

t.test('whom a pre script left running when it ended is left alone', async (t) => {
  const rig = scriptsRig(t);
  const first = planted(rig, 'a', 'sleep 300 & note $!', ':');
  const second = planted(rig, 'b', 'note $$; sleep 301', ':');
  await killedWhile(t, rig, [first, second], 2);
  t.match(owed(rig), [{ script: { name: 'a' } }, { script: { name: 'b' }, mark: /-/ }]);
  t.notOk('mark' in (owed(rig)[0] ?? {}), 'it ended');
  await recover(rig);
  t.strictSame(rig.noted().map(isAlive), [true, false]);
});

const NO_CGROUPS = (system: System): System => ({
  ...system,
  readText: async (path) => (path === '/proc/self/cgroup' ? '' : system.readText(path)),
});
const group = await createCgroup(localSystem(), `test-${randomUUID()}`);
group?.remove();
const DAEMON = 'setsid sh -c \'echo $$ >>"$ROOT/pids"; exec sleep 302\' &\n';
const CLEANED = '( ( env -i setsid sh -c \'echo $$ >>"$ROOT/pids"; exec sleep 303\' & ) )\n';

/** All of them must be found by somebody who knows the mark only; a program with another mark must not. */
async function found(t: Test, rig: Rig, text: string, count: number): Promise<void> {
  const start = async (name: string, mark: string) => {
    const path = rig.put(name, `#!/bin/sh\n${NOTE}note $$\n${text}sleep 304\n`);
    return await startProgram(rig.system, [rig.system.resolve(path)], { mark });
  };
  const mark = randomUUID();
  await start('/mine', mark);
  t.ok(await until(() => rig.noted().length === count));
  const mine = rig.noted();
  const other = await start('/other', randomUUID());
  t.ok(await until(() => rig.noted().length === 2 * count));
  t.strictSame(await endMarked(rig.system, mark, 1000), []);
  t.strictSame(mine.filter(isAlive), []);
  t.equal(rig.noted().filter(isAlive).length, count, 'the others live');
  t.strictSame(await endMarked(rig.system, mark, 1000), [], 'nobody is left to end');
  await other.killAll(0);
}

t.test('they are found by their mark', (t) => found(t, scriptsRig(t, NO_CGROUPS), DAEMON, 2));

t.test('they are found by their control group', { skip: group === undefined && 'this machine has none' }, (t) =>
  found(t, scriptsRig(t), DAEMON + CLEANED, 3),
);

t.test('nobody is ended for a system that is not the one that runs', async (t) => {
  const rig = scriptsRig(t);
  const program = await startProgram(rig.system, ['/bin/sh', '-c', 'sleep 305'], { mark: 'a-mark' });
  t.strictSame(await endMarked({ ...rig.system, live: false }, 'a-mark', 1000), []);
  t.ok(isAlive(program.pid ?? 0));
  await program.killAll(0);
});
