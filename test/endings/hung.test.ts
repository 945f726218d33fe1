/**
 * Freezes that hang in the kernel: a file system whose image lies on one that somebody else has frozen. What is clean
 * can be flushed then, but not frozen, because that writes its superblock.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { loopTest, type Mounted, must, type Rig } from '../system/loop.ts';
import { allEnded, isWritable, monotonicMs, notExpedited, pidOf, processesOf, until } from '../system/loop-observe.ts';
import { mounts, points } from '../system/loop-outcome.ts';

const RECORD = 'root/run/quiesced/journal/freeze.jsonl';

interface Nested {
  readonly outer: Mounted;
  readonly inner: Mounted;
}

/** The inner one clean, the outer one frozen by somebody else. */
async function nested(rig: Rig): Promise<Nested> {
  const outer = await rig.make('ext4');
  const inner = await rig.make('ext4', { in: outer });
  await must('sync', '-f', inner.mountPoint);
  await must('fsfreeze', '--freeze', outer.mountPoint);
  return { outer, inner };
}

async function allSettled(t: Test, rig: Rig, { inner, outer }: Nested): Promise<void> {
  t.ok(await isWritable(inner.mountPoint));
  t.ok(await isWritable(outer.mountPoint));
  t.ok(await allEnded(rig.root), 'all have ended');
  t.notOk(rig.has(RECORD), 'no thaw is owed');
  t.ok(await notExpedited());
}

loopTest(
  'a freeze that hangs is given up at the deadline, and thawed as soon as the kernel is done',
  async (t, rig) => {
    const both = await nested(rig);
    const other = await rig.make('ext4');
    rig.configure('[snapshot]\nfrozen-deadline = 800ms\n');
    const beganMs = monotonicMs();
    const run = await rig.cli.run('rehearse', '--yes', ...mounts(both.inner, other));
    t.ok(monotonicMs() - beganMs < 60_000, 'it is not waited for');
    t.match(run, { code: 1, json: { consistency: 'none' } });
    t.match(run.json.wouldBe, /crash|none/);
    t.ok(run.json.faults.some(({ mountPoint }: Mounted) => mountPoint === both.inner.mountPoint));
    t.ok(await isWritable(other.mountPoint), 'the others are thawed');
    t.ok(await notExpedited());
    const { json } = await rig.cli.run('status');
    t.strictSame(json.frozen, points(both.inner), 'a thaw is owed');

    await must('fsfreeze', '--unfreeze', both.outer.mountPoint);
    await allSettled(t, rig, both);
  },
);

loopTest('a freeze that hangs, and all who could thaw are killed', async (t, rig) => {
  const both = await nested(rig);
  rig.configure('[snapshot]\nfrozen-deadline = 60s\n');
  const run = rig.cli.start(['rehearse', '--yes', ...mounts(both.inner)]);
  t.ok(await until(() => rig.read(RECORD).includes('intend')));
  await sleep(300);
  const guard = pidOf(rig.root, 'guard');
  for (const name of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of [run.pid, guard]) process.kill(pid, name);
  const thaw = rig.cli.start(['thaw', '--json']);
  await sleep(2000);
  await must('fsfreeze', '--unfreeze', both.outer.mountPoint);
  t.ok(await isWritable(both.inner.mountPoint), 'a thaw that hung behind the freeze comes after it');
  await Promise.all([run.ended, thaw.ended]);
  t.ok(await allEnded(rig.root), 'the guard, too, is out of the kernel');
  t.match(await rig.cli.run('thaw'), { code: 0, json: { faults: [] } });
  await allSettled(t, rig, both);
});

loopTest('a flush that hangs can be given up', async (t, rig) => {
  const outer = await rig.make('ext4');
  const inner = await rig.make('ext4', { in: outer });
  await must('fsfreeze', '--freeze', outer.mountPoint);
  await must('dd', 'if=/dev/zero', `of=${inner.mountPoint}/dirty`, 'bs=64k', 'count=8');
  const run = rig.cli.start(['rehearse', '--yes', '--json', ...mounts(inner)]);
  t.ok(await until(() => rig.has(RECORD) && hangs(rig)), 'the guard waits for the kernel');
  const beganMs = monotonicMs();
  run.signal('SIGTERM');
  t.match(await run.ended, { code: 1, json: { consistency: 'none', frozen: [] } });
  t.ok(monotonicMs() - beganMs < 30_000, 'long before a flush is given up by itself');
  await must('fsfreeze', '--unfreeze', outer.mountPoint);
  await allSettled(t, rig, { inner, outer });
});

/** Whether a thread of the guard is in the kernel, beyond the reach of signals, each time that we look. */
async function hangs(rig: Rig): Promise<boolean> {
  for (let look = 0; look < 3; look += 1) {
    if (!processesOf(rig.root).some(({ pid, argv }) => argv.includes('guard') && isInKernel(pid))) return false;
    await sleep(100);
  }
  return true;
}

function isInKernel(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) =>
      /\) D /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')),
    );
  } catch {
    // A thread, or all of it, has ended meanwhile.
    return false;
  }
}
