/** What every freezer promises, of the real one: a guard process, and file systems of the kernel. */
import { once } from 'node:events';
import { join } from 'node:path';
import type { Test } from 'tap';
import { linuxFreezer } from '../../agent/freezer/linux.ts';
import { type FileSystem, readFileSystems } from '../../agent/freezer/mounts.ts';
import { silentLog } from '../../agent/log.ts';
import { localSystem } from '../../agent/system/local.ts';
import { type FreezerSubject, freezerContract } from '../contract/freezer.ts';
import { loopTest, must, type Rig } from './loop.ts';
import { lockByOthers } from './loop-lock.ts';
import { isFrozen, isWritable } from './loop-observe.ts';

const GUARD = [process.execPath, join(import.meta.dirname, '../../agent/main.ts'), 'guard'];

freezerContract((title, body) => loopTest(title, async (t, rig) => body(t, await subjectOf(t, rig))));

async function subjectOf(t: Test, rig: Rig): Promise<FreezerSubject> {
  const outer = await rig.make('ext4');
  const mounts = [await rig.make('ext4', { in: outer }), await rig.make('ext4')];
  const memory = rig.place();
  await rig.mountBy('-t', 'tmpfs', 'memory', memory);
  const all = await readFileSystems(localSystem());
  const [first, second, refused] = [...mounts.map(({ mountPoint }) => mountPoint), memory].map((mountPoint) =>
    all.find((each) => each.mountPoint === mountPoint),
  ) as [FileSystem, FileSystem, FileSystem];
  const env = { ...rig.cli.env(), QUIESCED_TEST_DEVICES: [first.id, second.id, refused.id].join(',') };
  const system = localSystem({ root: rig.root, live: true, env });
  return {
    freezer: linuxFreezer(system, silentLog, { guardArgv: GUARD }),
    fileSystems: [first, second],
    refused,
    isFrozen: ({ mountPoint }) => isFrozen(mountPoint),
    isWritable: ({ mountPoint }) => isWritable(mountPoint),
    freezeByOthers: async ({ mountPoint }) => void (await must('fsfreeze', '--freeze', mountPoint)),
    thawByOthers: async ({ mountPoint }) => void (await must('fsfreeze', '--unfreeze', mountPoint)),
    hang: async () => {
      await must('sync', '-f', first.mountPoint);
      await must('fsfreeze', '--freeze', outer.mountPoint);
      return async () => void (await must('fsfreeze', '--unfreeze', outer.mountPoint));
    },
    lock: () => lockedBy(t, rig),
  };
}

async function lockedBy(t: Test, rig: Rig): Promise<() => Promise<void>> {
  const holder = await lockByOthers(t, rig);
  return async () => {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  };
}
