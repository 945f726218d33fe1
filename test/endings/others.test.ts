/** Others who freeze, thaw and lock: what is theirs is left to them, and told. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { parseMountinfo } from '../../agent/freezer/mounts.ts';
import { loopTest, must, type Rig } from '../system/loop.ts';
import { isLocked, lockByOthers } from '../system/loop-lock.ts';
import { isFrozen, isWritable, nobodyHolds, notExpedited, pidOf, startWriter, until } from '../system/loop-observe.ts';
import { frozenSpan, heldBack, mounts, points } from '../system/loop-outcome.ts';

loopTest('what somebody else has frozen is told, and left to him', async (t, rig) => {
  const [ours, theirs] = [await rig.make('ext4'), await rig.make('ext4')];
  const writer = await startWriter(t, ours.mountPoint);
  await must('fsfreeze', '--freeze', theirs.mountPoint);
  const held = await rig.cli.run('hold', ...mounts(ours, theirs));
  t.match(held, { code: 3, json: { state: 'held' } }, 'on-failure = continue, and it says that it is less');
  t.match(held.json.faults, [{ phase: 'freeze', message: /EBUSY/ }]);
  t.ok(await isFrozen(ours.mountPoint));
  const released = await rig.cli.run('release');
  t.match(released, { code: 1, json: { consistency: 'crash', frozen: points(ours) } });
  t.match(released.json.faults, [
    { phase: 'freeze', during: 'enter', mountPoint: theirs.mountPoint, message: /EBUSY/ },
  ]);
  t.equal(released.json.faults.length, 1);
  heldBack(t, await writer.writes(), frozenSpan(released.json, ours.mountPoint));
  t.ok(await isFrozen(theirs.mountPoint), 'theirs is still frozen');
  t.ok(await isWritable(ours.mountPoint), 'ours is thawed');

  await nobodyHolds(rig.root);
  // Whoever asks to freeze, and for nothing else, is not told that it was done when it was not.
  const frozen = await rig.cli.run('freeze', ...mounts(ours, theirs));
  t.match(frozen, { code: 1, json: { kind: 'freeze', consistency: 'none', faults: [{ message: /EBUSY/ }] } });
  t.ok(await isWritable(ours.mountPoint), 'and nothing is left half frozen');

  const rehearsed = await rig.cli.run('rehearse', '--yes', ...mounts(theirs));
  t.match(rehearsed, { code: 1, json: { consistency: 'none', wouldBe: 'crash', frozen: [] } });
  rig.configure('[snapshot]\non-failure = abort\n');
  const aborted = await rig.cli.run('rehearse', '--yes', ...mounts(ours, theirs));
  t.match(aborted, { code: 1, json: { consistency: 'none', wouldBe: 'none', frozen: points(ours) } });
  t.match(await rig.cli.run('thaw'), { code: 0, json: { thawed: [], faults: [] } });
  t.ok(await isFrozen(theirs.mountPoint), 'and still it is');
  t.ok(await isWritable(ours.mountPoint));
  t.ok(await notExpedited());
  await must('fsfreeze', '--unfreeze', theirs.mountPoint);
});

loopTest('a thaw by somebody else is found out', async (t, rig) => {
  const [torn, whole] = [await rig.make('xfs'), await rig.make('ext4')];
  t.equal((await rig.cli.run('hold', ...mounts(torn, whole))).code, 0);
  await must('fsfreeze', '--unfreeze', torn.mountPoint);
  t.ok(await isWritable(torn.mountPoint));
  const { code, json } = await rig.cli.run('release');
  t.match({ code, json }, { code: 1, json: { consistency: 'crash', reason: /writable again too early/ } });
  t.equal(json.faults.length, 1);
  t.match(json.faults, [{ phase: 'freeze', during: 'leave', mountPoint: torn.mountPoint, message: /somebody else/ }]);
  t.ok(await isWritable(whole.mountPoint));
});

loopTest('one at a time', async (t, rig) => {
  const [first, second] = [await rig.make('ext4'), await rig.make('ext4')];
  t.equal((await rig.cli.run('hold', ...mounts(first))).code, 0);
  const busy = { code: 1, json: { error: { code: 'lock.busy', message: '' } } };
  const keeper = pidOf(rig.root, 'keep-hold');
  for (const args of [['freeze'], ['hold'], ['rehearse', '--yes'], ['snapshot']]) {
    const words = args[0] === 'snapshot' ? ['--', '/bin/true'] : [];
    const refused = await rig.cli.run(...args, ...mounts(second), ...words);
    t.match(refused, { ...busy, json: { error: { code: 'lock.busy', message: `quiesced hold (process ${keeper}` } } });
  }
  t.ok(await isWritable(second.mountPoint));
  t.ok(await isFrozen(first.mountPoint), 'and the one at work is not disturbed');
  t.match(await rig.cli.run('release'), { code: 0, json: { consistency: 'file-system', frozen: points(first) } });
  t.equal((await rig.cli.history()).length, 1, 'who was refused has done nothing');
});

loopTest('whoever holds the lock of Azure is waited for', async (t, rig) => {
  const mounted = await rig.make('ext4');
  const holder = await lockByOthers(t, rig);
  const refused = await rig.cli.run('hold', ...mounts(mounted));
  t.match(refused, { code: 1, json: { error: { code: 'freeze.locked', message: `process ${holder.pid}` } } });
  t.ok(refused.json.error.remedy.length > 0);
  t.ok(await isWritable(mounted.mountPoint));
  await nothingHappened(t, rig);

  holder.kill('SIGKILL');
  await once(holder, 'exit');
  t.equal((await rig.cli.run('hold', ...mounts(mounted))).code, 0, 'it goes with its holder');
  t.ok(await isLocked(rig), 'and is ours while we hold');
  t.equal((await rig.cli.run('release')).code, 0);
  await nobodyHolds(rig.root);
  t.notOk(await isLocked(rig));
});

/** A refusal leaves no trace: nothing in the history, nothing owed, nothing running. */
async function nothingHappened(t: Test, rig: Rig): Promise<void> {
  await nobodyHolds(rig.root);
  t.strictSame(await rig.cli.history(), []);
  const { json } = await rig.cli.run('status');
  t.strictSame([json.atWork, json.run, json.frozen, json.owed, json.last], [undefined, undefined, [], [], undefined]);
}

loopTest('names that cannot be honoured', async (t, rig) => {
  const mounted = await rig.make('ext4');
  const inside = join(mounted.mountPoint, 'lost+found');
  for (const point of [inside, rig.place(), '/nowhere', rig.folder]) {
    const refused = await rig.cli.run('hold', ...mounts(mounted), '--mount', point);
    t.match(refused, { code: 1, json: { error: { code: 'freeze.not-a-mount-point', message: point } } });
    t.match(refused.json.error.remedy, mounted.mountPoint, 'it names those that can be frozen');
  }
  t.match(await rig.cli.run('hold', '--mount', '/proc'), {
    code: 1,
    json: { error: { code: 'freeze.not-freezable' } },
  });
  t.ok(await isWritable(mounted.mountPoint));
  await nothingHappened(t, rig);
});

loopTest('what the configuration excludes is left alone', async (t, rig) => {
  const [excluded, wanted] = [await rig.make('ext4'), await rig.make('xfs')];
  let plan = '';
  // Again, when something else was mounted on this machine meanwhile.
  await until(async () => {
    const others = [`${excluded.mountPoint}*`, 'type:ext4', ...othersOf(rig)];
    rig.configure(`[freeze]\nexclude = ${others.join(', ')}\n`);
    // The plan alone: without --mount this is about the whole machine.
    const { code, stderr } = await rig.cli.start(['rehearse']).ended;
    plan = `${code} ${stderr.replaceAll(/\s+/g, ' ')}`;
    return !plan.includes('QUIESCED_TEST');
  });
  t.match(plan, /^1 .*was not confirmed/);
  t.match(plan, `freeze, step 1: ${wanted.mountPoint} (xfs) · thaw`);
  t.match(plan, `left alone: ${excluded.mountPoint} ([freeze] exclude`);
  await nothingHappened(t, rig);
});

/** Where the disks of this machine are mounted. */
const othersOf = ({ folder }: Rig): readonly string[] =>
  parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'))
    .filter(({ source, mountPoint }) => source.startsWith('/dev/') && !mountPoint.startsWith(folder))
    .map(({ mountPoint }) => mountPoint);
