import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import { loopTest, type Mounted, must } from './loop.ts';
import { EXPEDITED, expedited, isFrozen, isWritable, nobodyHolds, notExpedited, startWriter } from './loop-observe.ts';
import { begun, ended, frozenSpan, heldBack, mounts, points, steps, thawedBefore, wentWell } from './loop-outcome.ts';

loopTest('ext4, xfs and btrfs are held together, and let go', async (t, rig) => {
  const all = [await rig.make('ext4'), await rig.make('xfs'), await rig.make('btrfs')] as const;
  const writers = await Promise.all(all.map(({ mountPoint }) => startWriter(t, mountPoint)));
  const held = await rig.cli.run('hold', ...mounts(...all));
  t.equal(held.code, 0, held.stderr);
  t.match(held.json, { schema: 1, state: 'held', kind: 'hold' });
  const frozen = await Promise.all(all.map(({ mountPoint }) => isFrozen(mountPoint)));
  t.strictSame(frozen, [true, true, true], 'an outsider cannot write');
  t.equal(expedited(), '1', 'the kernel hurries');
  const status = await rig.cli.run('status');
  t.match(status, { code: 0, json: { run: { state: 'held' }, atWork: { command: 'quiesced hold' } } });
  t.strictSame(status.json.frozen.toSorted(), points(...all));

  const released = await rig.cli.run('release');
  t.equal(released.code, 0, released.stderr);
  wentWell(t, released.json, ...all);
  t.ok(await notExpedited());
  for (const { mountPoint } of all) t.ok(await isWritable(mountPoint));
  for (const [at, { mountPoint }] of all.entries()) {
    t.equal(steps(released.json, 'flush', mountPoint).length, 1, 'it was flushed');
    heldBack(t, (await writers[at]?.writes()) ?? [], frozenSpan(released.json, mountPoint));
  }
  t.strictSame(await rig.cli.history(), [released.json], 'the history has what release said');
  await nobodyHolds(rig.root);
  const after = await rig.cli.run('status');
  t.strictSame([after.json.run, after.json.frozen, after.json.owed], [undefined, [], []]);
});

loopTest('freeze and thaw', async (t, rig) => {
  const mounted = await rig.make('ext4');
  const other = await rig.make('ext4');
  t.match(await rig.cli.run('freeze', ...mounts(mounted)), { code: 0, json: { kind: 'freeze' } });
  t.ok(await isFrozen(mounted.mountPoint));
  t.ok(await isWritable(other.mountPoint), 'what was not named is left alone');
  const thawed = await rig.cli.run('thaw');
  t.match(thawed, { code: 0, json: { kind: 'freeze' } });
  wentWell(t, thawed.json, mounted);
  t.ok(await isWritable(mounted.mountPoint));
  await nobodyHolds(rig.root);
  t.match(await rig.cli.run('thaw'), { code: 0, json: { thawed: [], faults: [] } }, 'once more does no harm');
  t.match(await rig.cli.run('release'), { code: 1, json: { error: { code: 'hold.none' } } });
});

loopTest('a rehearsal, and a snapshot by a command', async (t, rig) => {
  const mounted = await rig.make('xfs');
  const rehearsed = await rig.cli.run('rehearse', '--yes', ...mounts(mounted));
  t.match(rehearsed, { code: 0, json: { kind: 'rehearsal', consistency: 'none', wouldBe: 'file-system', faults: [] } });
  t.strictSame(rehearsed.json.frozen, points(mounted));
  const taker = rig.put('opt/taker', '#!/bin/sh\nread event\necho \'{"ok":true,"snapshot":"snap-1"}\'\n', 0o700);
  const taken = await rig.cli.run('snapshot', ...mounts(mounted), '--', taker);
  t.match(taken, { code: 0, json: { kind: 'snapshot', taker: 'command', snapshot: 'snap-1' } });
  wentWell(t, taken.json, mounted);
  t.ok(await isWritable(mounted.mountPoint));
  t.strictSame(
    (await rig.cli.history()).map(({ id }) => id),
    [rehearsed.json.id, taken.json.id],
  );
});

loopTest('what stands on another file system is frozen before it and thawed after it', async (t, rig) => {
  const outer = await rig.make('xfs');
  const inner = await rig.make('ext4', { in: outer });
  const writer = await startWriter(t, inner.mountPoint);
  // Named in the wrong order.
  t.equal((await rig.cli.run('hold', ...mounts(outer, inner))).code, 0);
  t.ok(await isFrozen(inner.mountPoint));
  t.ok(await isFrozen(outer.mountPoint));
  const { code, json } = await rig.cli.run('release');
  t.equal(code, 0);
  wentWell(t, json, inner, outer);
  t.ok(ended(json, 'freeze', inner) <= begun(json, 'freeze', outer), 'the inner one is frozen first');
  t.ok(thawedBefore(json, outer, inner), 'the outer one is thawed first');
  heldBack(t, await writer.writes(), frozenSpan(json, inner.mountPoint));
});

loopTest('two file systems of one disk, beneath which there is a third', async (t, rig) => {
  const outer = await rig.make('ext4');
  const disk = (await must('losetup', '-P', '-f', '--show', rig.image(36e6, outer))).trim();
  const parts = [];
  for (const number of [1, 2]) {
    await must('addpart', disk, String(number), String(2048 + (number - 1) * 32768), '32768');
    await must('mkfs.ext4', '-q', `${disk}p${number}`);
    parts.push(await rig.mount('ext4', `${disk}p${number}`));
  }
  const [first, second] = parts as [Mounted, Mounted];
  t.equal((await rig.cli.run('hold', ...mounts(outer, first, second))).code, 0);
  for (const { mountPoint } of [first, second, outer]) t.ok(await isFrozen(mountPoint));
  const { code, json } = await rig.cli.run('release');
  t.equal(code, 0);
  wentWell(t, json, first, second, outer);
  for (const part of [first, second]) {
    t.ok(ended(json, 'freeze', part) <= begun(json, 'freeze', outer), 'the disk is a file of the third');
    t.ok(thawedBefore(json, outer, part));
  }
});

loopTest('one file system that is mounted in several places is frozen once', async (t, rig) => {
  const mounted = await rig.make('btrfs');
  const [bound, readOnly] = [rig.place(), rig.place()];
  await rig.mountBy('--bind', mounted.mountPoint, bound);
  await rig.mountBy('--bind', mounted.mountPoint, readOnly);
  await rig.mountBy('-o', 'remount,ro,bind', readOnly);
  const named = [mounted.mountPoint, bound, readOnly].flatMap((point) => ['--mount', point]);
  t.equal((await rig.cli.run('hold', ...named)).code, 0);
  t.ok(await isFrozen(bound));
  const { code, json } = await rig.cli.run('release');
  t.equal(code, 0);
  wentWell(t, json, mounted);
  t.equal(
    json.timeline.filter(({ step, phase }: Outcome['timeline'][0]) => phase === 'freeze' && step === 'thaw').length,
    1,
  );

  await nobodyHolds(rig.root);
  const byReadOnly = await rig.cli.run('hold', '--mount', readOnly);
  t.equal(byReadOnly.code, 0, 'its superblock is writable, whatever this mount says');
  t.ok(await isFrozen(mounted.mountPoint), 'and others write to it');
  t.equal((await rig.cli.run('release')).code, 0);
});

loopTest('a read-only file system is listed, not frozen', async (t, rig) => {
  const [mounted, readOnly] = [await rig.make('ext4'), await rig.make('ext4')];
  await rig.mountBy('-o', 'remount,ro', readOnly.mountPoint);
  const refused = await rig.cli.run('hold', ...mounts(readOnly));
  t.match(refused, { code: 1, json: { error: { code: 'freeze.not-freezable', message: /read-only/ } } });
  const { code, json } = await rig.cli.run('rehearse', '--yes', ...mounts(mounted));
  t.equal(code, 0);
  const listed = json.left.find((each: Mounted) => each.mountPoint === readOnly.mountPoint);
  t.strictSame(listed, { mountPoint: readOnly.mountPoint, type: 'ext4', why: 'exempt', reason: 'read-only' });
});

loopTest('a full file system', async (t, rig) => {
  const mounted = await rig.make('ext4');
  t.throws(() =>
    execFileSync('dd', ['if=/dev/zero', `of=${join(mounted.mountPoint, 'fill')}`, 'bs=1M'], { stdio: 'pipe' }),
  );
  t.equal((await rig.cli.run('hold', ...mounts(mounted))).code, 0);
  t.ok(await isFrozen(mounted.mountPoint));
  const { code, json } = await rig.cli.run('release');
  t.equal(code, 0);
  wentWell(t, json, mounted);
});

loopTest('the kernel is told to hurry only where it may, and by whom', async (t, rig) => {
  const mounted = await rig.make('ext4');
  rig.configure('[freeze]\nexpedite = no\n');
  const calm = await rig.cli.run('rehearse', '--yes', ...mounts(mounted));
  t.match(calm, { code: 0, json: { wouldBe: 'file-system' } });
  t.notOk(calm.json.timeline.some(({ step }: Outcome['timeline'][0]) => step.includes('expedite')));

  rig.configure('');
  writeFileSync(EXPEDITED, '1');
  try {
    t.match(await rig.cli.run('rehearse', '--yes', ...mounts(mounted)), { code: 0, json: { wouldBe: 'file-system' } });
    t.equal(expedited(), '1', 'somebody else had raised it, and puts it back');
  } finally {
    writeFileSync(EXPEDITED, '0');
  }
});
