/** A machine that is short of everything, or whose mounts do not keep still. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loopTest, type Mounted, type Rig } from '../system/loop.ts';
import { allEnded, isWritable, notExpedited } from '../system/loop-observe.ts';
import { mounts, points } from '../system/loop-outcome.ts';
import { memoryGroup, runBy, shell } from './rig.ts';

/** Scripts that count how often they ran. */
function countingScripts(rig: Rig): void {
  for (const stage of ['pre', 'post']) rig.put(`opt/${stage}`, `#!/bin/sh\necho ${stage} >>$FOLDER/ran\n`, 0o700);
  rig.configure('[snapshot]\nfrozen-deadline = 60s\n[scripts]\npre = /opt/pre\npost = /opt/post\n');
}

/**
 * Nothing frozen, running, owed, or run once only of the two scripts.
 *
 * @param deaths how often the program was killed: what it had not written down by then runs once more, or for no pre script.
 */
async function asBefore(t: Test, rig: Rig, mounted: Mounted, deaths = 0): Promise<void> {
  t.ok(await isWritable(mounted.mountPoint), 'nothing is frozen');
  t.ok(await allEnded(rig.root), 'nobody is left');
  const runs = rig.read('ran').split('\n');
  const count = (stage: string) => runs.filter((line) => line === stage).length;
  const [pre, post] = [count('pre'), count('post')];
  t.ok(pre <= post && post <= pre + deaths, `a post script for each pre script: ${post} for ${pre}, ${deaths} deaths`);
  t.notOk(rig.has('root/var/lib/quiesced/owed.json'), 'nothing is owed');
  t.ok(await notExpedited());
}

loopTest('no descriptors are left: a clear refusal before anything is touched', async (t, rig) => {
  const mounted = await rig.make('ext4');
  countingScripts(rig);
  // Node itself does not start with fewer than about 22; with 64 it must do.
  for (const limit of [24, 28]) {
    const refused = await runBy(rig, shell(`ulimit -n ${limit}`), 'rehearse', '--yes', ...mounts(mounted));
    t.match(refused, { code: 1, json: { error: { code: 'system.exhausted', remedy: /ulimit -n/ } } }, `${limit}`);
    t.equal(rig.read('ran'), '', 'no script ran');
    await asBefore(t, rig, mounted);
  }
  const enough = await runBy(rig, shell('ulimit -n 64'), 'rehearse', '--yes', ...mounts(mounted));
  t.match(enough, { code: 0, json: { wouldBe: 'application', frozen: points(mounted), faults: [] } });
  await asBefore(t, rig, mounted);
});

const probe = memoryGroup(1e9);
await probe?.remove();
const noGroup = probe === undefined && 'this machine has no memory control group that we may use';

loopTest('memory that does not suffice: killed before or after, and everything is let go', async (t, rig) => {
  if (noGroup) {
    t.comment(noGroup);
    return;
  }
  const mounted = await rig.make('ext4');
  countingScripts(rig);
  for (const megabytes of [35, 47, 50, 150]) {
    rmSync(join(rig.folder, 'ran'), { force: true });
    const group = memoryGroup(megabytes * 1e6);
    const joining = shell(`echo $$ >${group?.procs}`);
    const { code, signal, json } = await runBy(rig, joining, 'rehearse', '--yes', ...mounts(mounted));
    if (megabytes < 100) t.ok(code === 0 || signal === 'SIGKILL', `${megabytes} MB: ${signal ?? 'it is enough'}`);
    else t.match({ code, json }, { code: 0, json: { wouldBe: 'application', frozen: points(mounted) } });
    await allEnded(rig.root);
    // Whoever was killed between its scripts is made up for by the next start.
    t.equal((await rig.cli.run('thaw')).code, 0);
    // Where a script's own start is what is too much, the script ends by itself.
    await asBefore(t, rig, mounted, signal === 'SIGKILL' ? 1 : 0);
    t.ok(await group?.remove(), 'the group is empty');
  }
});

loopTest('five hundred mounts', async (t, rig) => {
  const mounted = await rig.make('ext4');
  countingScripts(rig);
  // In name spaces of their own, where /proc/1 shows them: half of them are further mounts of what is frozen.
  const many = `i=0
while [ $i -lt 250 ]; do
  mkdir -p ${rig.folder}/many/t$i ${rig.folder}/many/b$i
  mount -t tmpfs none ${rig.folder}/many/t$i && mount --bind ${mounted.mountPoint} ${rig.folder}/many/b$i || exit 9
  i=$((i + 1))
done`;
  const apart = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', ...shell(many)];
  const { code, json, tookMs } = await runBy(rig, apart, 'rehearse', '--yes', ...mounts(mounted));
  t.match({ code, json }, { code: 0, json: { wouldBe: 'application', frozen: points(mounted), faults: [] } });
  t.ok(json?.frozenMs < 20_000, `frozen for ${Math.round(json?.frozenMs)} ms`);
  t.ok(json?.tookMs < 60_000, `${Math.round(json?.tookMs)} ms, ${Math.round(tookMs)} with the mounting`);
  await asBefore(t, rig, mounted);
});

loopTest('mounts that come and go while they are looked at', async (t, rig) => {
  const mounted = await rig.make('ext4');
  countingScripts(rig);
  const place = rig.place();
  const loop = `while [ -e ${rig.root} ]; do mount -t tmpfs none ${place}; umount -l ${place}; done`;
  const churn = spawn('/bin/sh', ['-c', loop], { stdio: 'ignore' });
  try {
    for (let left = 3; left > 0; left -= 1) {
      const { code, json } = await rig.cli.run('rehearse', '--yes', ...mounts(mounted));
      t.match({ code, json }, { code: 0, json: { wouldBe: 'application', frozen: points(mounted), faults: [] } });
    }
  } finally {
    churn.kill('SIGKILL');
    await once(churn, 'exit');
  }
  await asBefore(t, rig, mounted);
});

loopTest('a mount that its pre script takes away, and one that it brings', async (t, rig) => {
  const [stays, goes] = [await rig.make('ext4'), await rig.make('ext4')];
  countingScripts(rig);
  const brought = rig.place();
  const pre = `umount -l ${goes.mountPoint}\nmount -t tmpfs none ${brought}`;
  rig.put('opt/pre', `#!/bin/sh\necho pre >>$FOLDER/ran\n${pre}\n`, 0o700);
  const { code, json } = await rig.cli.run('rehearse', '--yes', ...mounts(stays, goes));
  t.equal(code, 1);
  t.ok(json.faults.length > 0);
  for (const { phase, message } of json.faults)
    t.match({ phase, message }, { phase: 'freeze', message: goes.mountPoint });
  t.strictSame(json.frozen, points(stays, goes), 'both were opened before, and were frozen all the same');
  t.strictSame(readdirSync(goes.mountPoint), [], 'it has gone');
  await asBefore(t, rig, stays);
});
