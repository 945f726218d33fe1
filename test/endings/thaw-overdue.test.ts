/** What the third line starts: it thaws what nobody else does, at the deadline and half a second, and nothing else. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { readFreezeJournal } from '../../agent/freezer/journal.ts';
import { loopTest, type Mounted, type Rig } from '../system/loop.ts';
import type { CliProcess } from '../system/loop-cli.ts';
import {
  allEnded,
  isFrozen,
  isWritable,
  monotonicMs,
  notExpedited,
  pidOf,
  startProbe,
  until,
} from '../system/loop-observe.ts';
import { mounts, points } from '../system/loop-outcome.ts';

const RECORD = 'root/run/quiesced/journal/freeze.jsonl';
const LOG = 'root/var/log/quiesced/quiesced.log';
/** Time enough to stop who would thaw before. */
const DEADLINE_MS = 6000;

/** Scripts that count their runs, outside of what is frozen. */
function configure(rig: Rig, deadlineMs: number, preSeconds = 0): void {
  rig.put('opt/pre', `#!/bin/sh\necho pre >>$FOLDER/scripts.log\nsleep ${preSeconds}\n`, 0o700);
  rig.put('opt/post', '#!/bin/sh\necho "post $QUIESCED_RESULT" >>$FOLDER/scripts.log\n', 0o700);
  rig.configure(`[snapshot]\nfrozen-deadline = ${deadlineMs}ms\n[scripts]\npre = /opt/pre\npost = /opt/post\n`);
}

/** As the timer starts it. */
const startThird = (rig: Rig, sinceMs: number, deadlineMs: number): CliProcess =>
  rig.cli.start(['thaw-overdue', String(Math.floor(sinceMs)), String(deadlineMs)]);

/** The daemon and the guard of a hold. */
const bothOf = (rig: Rig): readonly number[] => ['keep-hold', 'guard'].map((command) => pidOf(rig.root, command));

const signal = (pids: readonly number[], name: NodeJS.Signals): void => {
  for (const pid of pids) process.kill(pid, name);
};

/** A write comes through, half a second after the deadline on record and not before. */
async function thawedInTime(t: Test, rig: Rig, { mountPoint }: Mounted): Promise<void> {
  const untilMs = readFreezeJournal(`${rig.folder}/${RECORD}`)?.armed?.untilMs ?? Number.NaN;
  const wroteMs = await (await startProbe(mountPoint)).wroteWithin(60_000);
  const lateMs = (wroteMs ?? Number.POSITIVE_INFINITY) - untilMs;
  t.ok(lateMs >= 500, `not before: ${Math.round(lateMs)} ms after the deadline`);
  t.ok(wroteMs, 'but then');
}

async function settled(t: Test, rig: Rig, scripts: RegExp): Promise<void> {
  t.ok(await allEnded(rig.root), 'all have ended');
  t.match(rig.read('scripts.log'), scripts);
  t.notOk(rig.has(RECORD), 'no thaw is owed');
  t.notOk(rig.has('root/var/lib/quiesced/owed.json'), 'no script is owed');
  t.ok(await notExpedited());
}

loopTest('the daemon and the guard are stopped, and find out afterwards', async (t, rig) => {
  const [disk, other] = [await rig.make('ext4'), await rig.make('xfs')];
  configure(rig, DEADLINE_MS);
  const sinceMs = monotonicMs();
  t.equal((await rig.cli.run('hold', ...mounts(disk, other))).code, 0);
  const both = bothOf(rig);
  signal(both, 'SIGSTOP');
  const third = startThird(rig, sinceMs, DEADLINE_MS);
  await thawedInTime(t, rig, disk);
  t.match(await third.ended, { code: 0, stdout: '', stderr: '' });
  t.ok(await isWritable(other.mountPoint), 'all of it');
  t.ok(await notExpedited());
  t.match(rig.read(LOG), new RegExp(`frozen beyond its deadline.*${disk.mountPoint}`));
  t.equal(rig.read('scripts.log'), 'pre\n', 'the rest is for the living');

  signal(both, 'SIGCONT');
  await settled(t, rig, /^pre\npost failed\n$/);
  const [outcome] = await rig.cli.history();
  t.match(outcome, { kind: 'hold', consistency: /crash|none/, frozen: points(disk, other) });
  const told = outcome?.faults.map(({ message }) => message).join('\n');
  t.match(told, /somebody else had thawed it|thawed because the deadline/, 'it was thawed early, and that is told');
});

loopTest(
  'the daemon and the guard are killed: what is owed is done, and once, whoever else is started',
  async (t, rig) => {
    const disk = await rig.make('ext4');
    configure(rig, DEADLINE_MS, 1);
    const sinceMs = monotonicMs();
    const holding = rig.cli.start(['hold', ...mounts(disk)]);
    // The pre script runs, nothing is armed yet: it is waited for.
    t.ok(await until(() => rig.has('scripts.log')));
    const all = [1, 2].map(() => startThird(rig, sinceMs, DEADLINE_MS));
    t.equal((await holding.ended).code, 0);
    const both = bothOf(rig);
    signal(both, 'SIGSTOP');
    signal(both, 'SIGKILL');
    await thawedInTime(t, rig, disk);
    for (const { ended } of all) t.match(await ended, { code: 0, stderr: '' });
    await settled(t, rig, /^pre\npost interrupted\n$/);
    t.match(await rig.cli.history(), [{ kind: 'hold', consistency: 'none', reason: /died/ }]);
  },
);

loopTest('what is not overdue is left alone, and when it is released there is nothing to do', async (t, rig) => {
  const disk = await rig.make('ext4');
  configure(rig, 60_000);
  const sinceMs = monotonicMs();
  t.equal((await rig.cli.run('hold', ...mounts(disk))).code, 0);
  // Started far too early: the deadline that counts is the one on record.
  const third = startThird(rig, sinceMs, 100);
  const both = bothOf(rig);
  signal(both, 'SIGSTOP');
  t.ok(await isFrozen(disk.mountPoint, 2500));
  signal(both, 'SIGCONT');
  t.match((await rig.cli.run('release')).json, { consistency: 'application', faults: [] });
  const { code, tookMs } = await third.ended;
  t.equal(code, 0);
  t.ok(tookMs < 40_000, 'it does not wait for a deadline that is off');
  t.notOk(rig.has(LOG), 'nothing happened that is worth a line');
  await settled(t, rig, /^pre\npost success\n$/);
});

loopTest('without a record, or with one of its own freeze settled, it leaves at once', async (t, rig) => {
  const disk = await rig.make('ext4');
  t.match(await startThird(rig, monotonicMs(), 60_000).ended, { code: 0, stderr: '' });
  configure(rig, 60_000);
  rig.put('opt/post', '#!/bin/sh\ntouch $FOLDER/post\nwhile [ ! -e $FOLDER/go ]; do sleep 0.1; done\n', 0o700);
  const sinceMs = monotonicMs();
  const run = rig.cli.start(['rehearse', '--yes', ...mounts(disk)]);
  t.ok(await until(() => rig.has('post')), 'thawed, and the post script runs');
  t.ok(rig.has(RECORD), 'the guard keeps the record until the end');
  const third = startThird(rig, sinceMs, 60_000);
  t.match(await Promise.race([third.ended, run.ended.then(() => 'too late')]), { code: 0, stderr: '' });
  writeFileSync(join(rig.folder, 'go'), '');
  t.equal((await run.ended).code, 0);
});

loopTest('a timer that cannot be armed is told in the outcome, and nothing else changes', async (t, rig) => {
  // Where systemd runs it would be armed, on this very machine.
  if (existsSync('/run/systemd/system')) return void t.comment('not tried: systemd runs here');
  const disk = await rig.make('ext4');
  rig.put('run/systemd/system/.here', '');
  const { code, json } = await rig.cli.run('rehearse', '--yes', ...mounts(disk));
  t.equal(code, 0);
  t.match(json, { wouldBe: 'file-system', faults: [] });
  t.equal(json.warnings.filter((text: string) => text.includes("no timer of systemd's")).length, 1);
  const step = json.timeline.find((each: { step: string }) => each.step === 'arm');
  t.match(step, { phase: 'freeze', error: /systemd-run/ });
  t.ok(step.tookMs < 20_000, `${Math.round(step.tookMs)} ms`);
});

loopTest('what it is to watch must be said', async (t, rig) => {
  for (const words of [[], ['5'], ['x', '5'], ['5', '0']]) {
    t.match(await rig.cli.start(['thaw-overdue', ...words]).ended, { code: 2, stderr: /quiesced thaw/ });
  }
});
