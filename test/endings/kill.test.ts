/** Whoever is killed while file systems are frozen: they are thawed in time, and what is owed is done once. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loopTest, type Mounted, must, type Rig } from '../system/loop.ts';
import type { CliProcess } from '../system/loop-cli.ts';
import {
  allEnded,
  expedited,
  isFrozen,
  isWritable,
  monotonicMs,
  notExpedited,
  pidOf,
  startProbe,
  until,
} from '../system/loop-observe.ts';
import { mounts, points } from '../system/loop-outcome.ts';

/** Longer than any of these lasts, so that what is thawed was not thawed by the deadline. */
const DEADLINE_MS = 60_000;
/** What is done at once is done by then, on a machine that has much else to do. */
const AT_ONCE_MS = 20_000;
/** For those in which it passes: time enough to come to the point while it is frozen. */
const SHORT_MS = 6000;

/** Scripts that count their runs, outside of what is frozen. */
function configure(rig: Rig, deadlineMs = DEADLINE_MS): void {
  rig.put('opt/pre', '#!/bin/sh\necho pre >>$FOLDER/scripts.log\n', 0o700);
  rig.put('opt/post', '#!/bin/sh\necho "post $QUIESCED_RESULT" >>$FOLDER/scripts.log\n', 0o700);
  rig.configure(`[snapshot]\nfrozen-deadline = ${deadlineMs}ms\n[scripts]\npre = /opt/pre\npost = /opt/post\n`);
}

/** A snapshot whose command never answers, frozen by now. It ends when its input does. */
async function startSnapshot(t: Test, rig: Rig, mounted: Mounted, stderr?: number): Promise<CliProcess> {
  const text = '#!/bin/sh\nread -r line\necho "$line" >$FOLDER/frozen\nwhile read -r line; do :; done\n';
  const command = rig.put('opt/sleeper', text, 0o700);
  const args = ['snapshot', '--json', ...mounts(mounted), '--', command];
  const run = rig.cli.start(args, stderr === undefined ? {} : { stderr });
  t.ok(await until(() => rig.has('frozen')), 'it is frozen');
  return run;
}

/** Kills, and watches from outside: a write must come through, long before the deadline unless it is a short one. */
async function thawedAfter(t: Test, { mountPoint }: Mounted, kill: () => void) {
  t.ok(await isFrozen(mountPoint), 'frozen when it happens');
  t.equal(expedited(), '1');
  const probe = await startProbe(mountPoint);
  const beganMs = monotonicMs();
  kill();
  const wroteMs = await probe.wroteWithin(AT_ONCE_MS);
  t.ok(wroteMs, `thawed after ${Math.round((wroteMs ?? Number.POSITIVE_INFINITY) - beganMs)} ms`);
}

/** Nothing is owed any more, by any record, and the post script ran exactly once. */
async function settled(t: Test, rig: Rig, result: string): Promise<void> {
  t.ok(await allEnded(rig.root), 'all have ended');
  t.equal(rig.read('scripts.log'), `pre\npost ${result}\n`);
  t.notOk(rig.has('root/var/lib/quiesced/owed.json'), 'no script is owed');
  t.notOk(rig.has('root/run/quiesced/journal/freeze.jsonl'), 'no thaw is owed');
  t.ok(await until(() => isFree(join(rig.root, 'run/quiesced/lock'))), 'the lock is free');
  t.ok(await notExpedited());
  const { json } = await rig.cli.run('status');
  t.strictSame([json.run, json.atWork, json.frozen, json.owed], [undefined, undefined, [], []]);
  t.match(json.last, { consistency: 'none' }, 'what was copied is not called a snapshot');
}

const isFree = (lock: string): Promise<boolean> =>
  must('flock', '--nonblock', lock, 'true').then(
    () => true,
    () => false,
  );

loopTest('the guard is killed while a hold lasts', async (t, rig) => {
  const mounted = await rig.make('ext4');
  configure(rig);
  t.equal((await rig.cli.run('hold', ...mounts(mounted))).code, 0);
  // Not at the deadline but at once: the holder is there.
  await thawedAfter(t, mounted, () => process.kill(pidOf(rig.root, 'guard'), 'SIGKILL'));
  await settled(t, rig, 'failed');
  const [outcome] = await rig.cli.history();
  t.match(outcome, { kind: 'hold', frozen: points(mounted), reason: 'no snapshot was taken' });
  t.match(outcome?.faults, [
    { phase: 'take', message: 'the guard died' },
    { phase: 'freeze', message: /in its place/ },
  ]);
  t.ok((outcome?.frozenMs ?? 0) > 0, 'how long it was frozen is known');
  t.match(await rig.cli.run('release'), { code: 1, json: { error: { code: 'hold.none' } } });
});

loopTest('the guard is killed, and our own messages would go to what is frozen', async (t, rig) => {
  const mounted = await rig.make('xfs');
  configure(rig);
  const file = join(mounted.mountPoint, 'stderr');
  const stderr = openSync(file, 'a');
  const run = await startSnapshot(t, rig, mounted, stderr);
  closeSync(stderr);
  await thawedAfter(t, mounted, () => process.kill(pidOf(rig.root, 'guard'), 'SIGKILL'));
  t.match(await run.ended, { code: 1, json: { kind: 'snapshot', consistency: 'none' } });
  await settled(t, rig, 'failed');
  t.match(readFileSync(file, 'utf8'), 'the guard did not thaw', 'they were kept until the thaw');
});

loopTest('the foreground process is killed', async (t, rig) => {
  const mounted = await rig.make('ext4');
  configure(rig);
  const run = await startSnapshot(t, rig, mounted);
  await thawedAfter(t, mounted, () => run.signal('SIGKILL'));
  await settled(t, rig, 'interrupted');
  const [outcome, ...more] = await rig.cli.history();
  t.match(outcome, { kind: 'snapshot', taker: 'command', reason: /died/ });
  t.match(outcome?.faults, [{ phase: 'run', during: 'recover' }]);
  t.strictSame(more, []);
});

loopTest('the process that holds is killed', async (t, rig) => {
  const mounted = await rig.make('btrfs');
  configure(rig);
  t.equal((await rig.cli.run('hold', ...mounts(mounted))).code, 0);
  await thawedAfter(t, mounted, () => process.kill(pidOf(rig.root, 'keep-hold'), 'SIGKILL'));
  await settled(t, rig, 'interrupted');
  t.match(await rig.cli.history(), [{ kind: 'hold', taker: 'hold', consistency: 'none', reason: /died/ }]);
  t.match(await rig.cli.run('release'), { code: 1, json: { error: { code: 'hold.none', message: /died/ } } });
});

loopTest('the foreground process is killed while its post script runs', async (t, rig) => {
  const mounted = await rig.make('ext4');
  configure(rig);
  rig.put(
    'opt/post',
    '#!/bin/sh\necho "post $QUIESCED_RESULT" >>$FOLDER/scripts.log\n[ $QUIESCED_RESULT = interrupted ] || sleep 60 & wait\n',
    0o700,
  );
  const run = rig.cli.start(['rehearse', '--yes', ...mounts(mounted)]);
  t.ok(await until(() => rig.read('scripts.log').includes('post')));
  run.signal('SIGKILL');
  t.ok(await isWritable(mounted.mountPoint));
  t.ok(await allEnded(rig.root), 'all have ended');
  t.match(rig.read('scripts.log'), /^pre\npost \w+\npost interrupted\n$/, 'what was cut off is done again');
  t.notOk(rig.has('root/var/lib/quiesced/owed.json'));
  t.match(await rig.cli.history(), [{ kind: 'rehearsal', consistency: 'none' }]);
});

/** Both at the same moment: neither can see the other's end. */
async function killBoth(rig: Rig, run: CliProcess): Promise<void> {
  const guard = pidOf(rig.root, 'guard');
  for (const name of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of [run.pid, guard]) process.kill(pid, name);
  await allEnded(rig.root);
}

for (const next of ['thaw', 'rehearse'] as const) {
  loopTest(`both are killed, and the next start is: ${next}`, async (t, rig) => {
    const mounted = await rig.make('ext4');
    configure(rig, SHORT_MS);
    const run = await startSnapshot(t, rig, mounted);
    await killBoth(rig, run);
    t.ok(await isFrozen(mounted.mountPoint, SHORT_MS + 500), 'nobody is left to thaw it');
    t.match(await rig.cli.run('status'), { json: { frozen: points(mounted), owed: [{ kind: 'snapshot' }] } });
    t.equal(rig.read('scripts.log'), 'pre\n');
    if (next === 'thaw') {
      t.match(await rig.cli.run('thaw'), { code: 0, json: { thawed: points(mounted), faults: [] } });
      await settled(t, rig, 'interrupted');
    } else {
      const rehearsed = await rig.cli.run('rehearse', '--yes', ...mounts(mounted));
      t.match(rehearsed, { code: 0, json: { wouldBe: 'application', faults: [], frozen: points(mounted) } });
      t.equal(rig.read('scripts.log'), 'pre\npost interrupted\npre\npost success\n', 'first what is owed');
      t.notOk(rig.has('root/var/lib/quiesced/owed.json'));
      t.ok(await notExpedited());
    }
    t.ok(await isWritable(mounted.mountPoint));
    t.match((await rig.cli.history())[0], { kind: 'snapshot', consistency: 'none', reason: /died/ });
  });
}

loopTest('the guard is stopped beyond the deadline', async (t, rig) => {
  const mounted = await rig.make('ext4');
  configure(rig, SHORT_MS);
  t.equal((await rig.cli.run('hold', ...mounts(mounted))).code, 0);
  await thawedAfter(t, mounted, () => process.kill(pidOf(rig.root, 'guard'), 'SIGSTOP'));
  await settled(t, rig, 'failed');
  const [outcome] = await rig.cli.history();
  t.match(outcome?.faults, [{ phase: 'take', message: /silent|6 s/ }, { phase: 'freeze' }]);
});

loopTest('the foreground process is stopped beyond the deadline', async (t, rig) => {
  const mounted = await rig.make('ext4');
  configure(rig, SHORT_MS);
  const run = await startSnapshot(t, rig, mounted);
  await thawedAfter(t, mounted, () => run.signal('SIGSTOP'));
  t.ok(await notExpedited());
  run.signal('SIGCONT');
  t.match(await run.ended, { code: 1, json: { consistency: 'none', frozen: points(mounted) } });
  await settled(t, rig, 'failed');
});

loopTest('the guard is stopped, and a release does not wait for the deadline', async (t, rig) => {
  const mounted = await rig.make('ext4');
  configure(rig);
  t.equal((await rig.cli.run('hold', ...mounts(mounted))).code, 0);
  process.kill(pidOf(rig.root, 'guard'), 'SIGSTOP');
  const released = await rig.cli.run('release');
  t.equal(released.code, 1, 'something was not as it should be');
  t.match(released.json, { frozen: points(mounted), faults: [{ phase: 'freeze', message: /guard died/ }] });
  t.ok(await isWritable(mounted.mountPoint));
  t.ok(await notExpedited());
  t.match(rig.read('scripts.log'), /^pre\npost \w+\n$/);
});

loopTest('the process that holds is stopped, and thaw does not need it', async (t, rig) => {
  const mounted = await rig.make('ext4');
  configure(rig);
  t.equal((await rig.cli.run('hold', ...mounts(mounted))).code, 0);
  const keeper = pidOf(rig.root, 'keep-hold');
  process.kill(keeper, 'SIGSTOP');
  const thawed = await rig.cli.run('thaw');
  t.match(thawed, { code: 0, json: { thawed: points(mounted), faults: [] }, stderr: /by the records/ });
  t.ok(await isWritable(mounted.mountPoint));
  t.equal(rig.read('scripts.log'), 'pre\n', 'the rest is for the living');
  process.kill(keeper, 'SIGCONT');
  t.ok(await allEnded(rig.root));
  t.match(await rig.cli.history(), [{ kind: 'hold', consistency: 'crash' }], 'it was writable too early');
  t.match(rig.read('scripts.log'), /^pre\npost \w+\n$/);
});
