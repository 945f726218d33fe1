import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { OVERTIME_MS, type ScriptResult, TERM_GRACE_MS } from '../../agent/snapshot/scripts/run-script.ts';
import { createCgroup } from '../../agent/system/cgroup.ts';
import { localSystem } from '../../agent/system/local.ts';
import type { System } from '../../agent/system/system.ts';
import { isAlive, NOTE, type Rig, runText, scriptsRig, until } from './scripts-rig.ts';

/** Which control groups this machine seems to have. */
const showing =
  (keep: (line: string) => boolean) =>
  (system: System): System => ({
    ...system,
    readText: async (path) => {
      const text = await system.readText(path);
      return path === '/proc/self/cgroup' ? text?.split('\n').filter(keep).join('\n') : text;
    },
  });
const VERSION_2 = showing((line) => line.startsWith('0::'));
const VERSION_1 = showing((line) => !line.startsWith('0::'));
const NONE = showing(() => false);

const lacks = async (wrap: (system: System) => System): Promise<string | false> => {
  const group = await createCgroup(wrap(localSystem()), `test-${process.pid}`);
  group?.remove();
  return group === undefined && 'this machine has none that we may use';
};

/** Long enough for a script to start all that it starts, on a busy machine too. */
const LIMIT_MS = 2500;
/** What such a machine adds to the end of a script. */
const BUSY_MS = 10_000;

/** Runs until the time limit, which comes when the script has noted `count` processes; all of them must be dead then. */
async function dies(t: Test, rig: Rig, script: string, count: number): Promise<ScriptResult> {
  const text = `#!/bin/bash\n${NOTE}note $$\n${script}\nsleep 300\n`;
  const result = await runText(rig, text, { timeoutMs: LIMIT_MS });
  t.match(result, { ended: 'timed-out', attempts: 1, unkillable: [] });
  t.ok(result.tookMs < LIMIT_MS + OVERTIME_MS + BUSY_MS, `${result.tookMs} ms`);
  t.equal(rig.noted().length, count, 'all were started');
  t.strictSame(rig.noted().filter(isAlive), [], 'all are dead');
  return result;
}

/** Children in sessions of their own: of a living parent, of one that has gone, and without our environment. */
const DAEMON = 'setsid bash -c \'echo $$ >>"$ROOT/pids"; exec sleep 301\' &\n';
const ORPHAN = '( ( setsid bash -c \'echo $$ >>"$ROOT/pids"; exec sleep 302\' & ) )\n';
const CLEANED = '( ( env -i setsid bash -c \'echo $$ >>"$ROOT/pids"; exec sleep 303\' & ) )\n';

t.test('the time limit ends a script and its group', async (t) => {
  const result = await dies(t, scriptsRig(t), 'sleep 304 & note $!\n( sleep 305 & note $! )\necho said', 3);
  t.match(result.output, /^said/, 'what it said until then is kept');
  t.ok(result.tookMs < LIMIT_MS + TERM_GRACE_MS, 'no grace for the dead');
});

t.test('a script is asked to end before it is killed', async (t) => {
  const rig = scriptsRig(t);
  const result = await dies(t, rig, 'trap \'echo cleaned >"$ROOT/cleaned"; exit 0\' TERM\nsleep 300 & wait', 1);
  t.equal(rig.read('cleaned'), 'cleaned\n');
  t.ok(result.tookMs < LIMIT_MS + TERM_GRACE_MS);
});

t.test('one that does not listen is killed', async (t) => {
  const result = await dies(t, scriptsRig(t), "trap '' TERM HUP INT", 1);
  t.ok(result.tookMs > LIMIT_MS + TERM_GRACE_MS - 100, `after the grace: ${result.tookMs} ms`);
});

t.test('one that comes again and again is killed', async (t) => {
  const rig = scriptsRig(t);
  const script = "trap '' TERM\n(while :; do setsid sleep 306 & note $!; sleep 0.02; done) &\nnote $!\nsleep 301";
  const result = await runText(rig, `#!/bin/bash\n${NOTE}note $$\n${script}\n`, { timeoutMs: LIMIT_MS });
  t.match(result, { ended: 'timed-out', unkillable: [] });
  t.ok(rig.noted().length > 10);
  t.strictSame(rig.noted().filter(isAlive), []);
});

t.test(
  'who left the group is found by version 2 of the control groups',
  { skip: await lacks(VERSION_2) },
  async (t) => {
    await dies(t, scriptsRig(t, VERSION_2), DAEMON + ORPHAN + CLEANED, 4);
  },
);

t.test(
  'who left the group is found by version 1 of the control groups',
  { skip: await lacks(VERSION_1) },
  async (t) => {
    await dies(t, scriptsRig(t, VERSION_1), DAEMON + ORPHAN + CLEANED, 4);
  },
);

t.test('who left the group is found by the mark where there are none', async (t) => {
  await dies(t, scriptsRig(t, NONE), DAEMON + ORPHAN, 3);
});

t.test('a child that hangs in the kernel is given up', async (t) => {
  const rig = scriptsRig(t);
  const mountPoint = frozenFileSystem(t, rig);
  const text = `#!/bin/sh\n${NOTE}note $$\necho x >${mountPoint}/file\n`;
  const result = await runText(rig, text, { timeoutMs: LIMIT_MS });
  t.match(result, { ended: 'timed-out', unkillable: rig.noted() });
  t.ok(result.tookMs < LIMIT_MS + OVERTIME_MS + BUSY_MS, `${result.tookMs} ms`);
  t.ok(rig.noted().some(isAlive), 'nobody can kill it');

  const program = join(import.meta.dirname, '../fixtures/scripts-run.ts');
  const ours = spawn(process.execPath, [program, rig.root, '/opt/script'], { stdio: 'ignore' });
  const [code] = await once(ours, 'exit');
  t.equal(code, 0, 'and a process of ours that waited for it can end');

  execFileSync('fsfreeze', ['-u', mountPoint]);
  t.ok(await until(() => !rig.noted().some(isAlive)), 'SIGKILL reaches it when it comes back');
});

/** A small file system in an image of the rig, mounted and frozen; thawed and unmounted when the test ends. */
function frozenFileSystem(t: Test, rig: Rig): string {
  const image = join(rig.root, 'image');
  const mountPoint = join(rig.root, 'mnt');
  writeFileSync(image, '');
  truncateSync(image, 16 * 1024 * 1024);
  mkdirSync(mountPoint);
  execFileSync('mkfs.ext4', ['-q', image]);
  execFileSync('mount', ['-o', 'loop', image, mountPoint]);
  execFileSync('fsfreeze', ['-f', mountPoint]);
  t.teardown(async () => {
    spawnSync('fsfreeze', ['-u', mountPoint]); // Fails where the test did it.
    await until(() => !rig.noted().some(isAlive));
    execFileSync('umount', [mountPoint]);
  });
  return mountPoint;
}
