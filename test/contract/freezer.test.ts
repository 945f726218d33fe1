import t from 'tap';
import type { FileSystem } from '../../agent/freezer/mounts.ts';
import { fakeFreezer } from '../fakes/freezer.ts';
import { type FreezerSubject, freezerContract } from './freezer.ts';

freezerContract((title, body) => {
  t.test(title, async (t) => {
    const subject = subjectOf();
    await body(t, subject);
    for (const each of subject.fileSystems) t.notOk(await subject.isFrozen(each), 'nothing is left frozen');
  });
});

function subjectOf(): FreezerSubject {
  const freezer = fakeFreezer();
  const [first, second, refused] = [1, 2, 3].map(fileSystem) as [FileSystem, FileSystem, FileSystem];
  freezer.refuse(refused.id);
  return {
    freezer,
    fileSystems: [first, second],
    refused,
    isFrozen: async ({ id }) => freezer.frozen.has(id),
    isWritable: async ({ id }) => !freezer.frozen.has(id),
    freezeByOthers: async ({ id }) => freezer.freezeByOthers(id),
    thawByOthers: async ({ id }) => freezer.thawByOthers(id),
    hang: async () => {
      const goOn = freezer.hang(first.id);
      return async () => goOn();
    },
    lock: async () => {
      freezer.locked = true;
      return async () => {
        freezer.locked = false;
      };
    },
  };
}

function fileSystem(number: number): FileSystem {
  const mountPoint = `/mnt/${number}`;
  const source = `/dev/loop${number}`;
  return {
    id: `7:${number}`,
    type: 'ext4',
    source,
    readOnly: false,
    mountPoint,
    mountPoints: [mountPoint],
    hidden: false,
  };
}
