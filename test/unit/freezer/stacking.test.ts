import t from 'tap';
import type { FileSystem } from '../../../agent/freezer/mounts.ts';
import { groupsOf, readStanding, type Standing } from '../../../agent/freezer/stacking.ts';
import { fakeSystem } from '../../fakes/system.ts';
import fc from '../../fast-check.ts';

const fileSystem = (id: string, mountPoint: string, source = '/dev/x', type = 'ext4'): FileSystem => ({
  id,
  type,
  source,
  readOnly: false,
  mountPoint,
  mountPoints: [mountPoint],
  hidden: false,
});

const standing = (edges: Readonly<Record<string, readonly string[]>>): Standing =>
  new Map(Object.entries(edges).map(([id, below]) => [id, new Set(below)]));

const named = (points: readonly string[]): readonly FileSystem[] => points.map((point) => fileSystem(point, point));
const order = (points: readonly string[], edges: Readonly<Record<string, readonly string[]>>) =>
  groupsOf(named(points), standing(edges)).map((group) => group.map(({ id }) => id));

t.test('independent ones are frozen together, the root after them', async (t) => {
  t.strictSame(order(['/', '/b', '/a'], { '/': [], '/b': [], '/a': [] }), [['/b', '/a'], ['/']]);
  t.strictSame(order(['/a'], {}), [['/a']]);
  t.strictSame(order(['/'], {}), [['/']]);
  t.strictSame(order([], {}), []);
});

t.test('a loop on a loop on a disk', async (t) => {
  const edges = { '/disk': [], '/loop1': ['/disk'], '/loop2': ['/loop1'], '/other': [], '/': [] };
  t.strictSame(order(['/', '/disk', '/loop1', '/loop2', '/other'], edges), [
    ['/loop2'],
    ['/loop1'],
    ['/disk', '/other'],
    ['/'],
  ]);
});

t.test('what stands on the root goes before it', async (t) => {
  t.strictSame(order(['/', '/loop'], { '/': [], '/loop': ['/'] }), [['/loop'], ['/']]);
});

t.test('a root that stands on another one itself goes before that', async (t) => {
  t.strictSame(order(['/host', '/', '/a'], { '/host': [], '/': ['/host'], '/a': [] }), [['/a'], ['/'], ['/host']]);
});

t.test('one that is left out may stand between two that are not', async (t) => {
  const edges = { '/top': ['/between'], '/between': ['/bottom'], '/bottom': [] };
  t.strictSame(order(['/bottom', '/top'], edges), [['/top'], ['/bottom']]);
});

t.test('circles and unknown names end', async (t) => {
  t.equal(order(['/a', '/b'], { '/a': ['/b'], '/b': ['/a'] }).flat().length, 2);
  t.equal(order(['/', '/a'], { '/': ['/a'], '/a': ['/'] }).flat().length, 2);
  t.strictSame(order(['/a'], { '/a': ['/a', '/nowhere'] }), [['/a']]);
  const many = Array.from({ length: 40 }, (_, index) => `/${index}`);
  const everything = Object.fromEntries(many.map((id) => [id, many]));
  const startMs = performance.now();
  t.equal(order(many, everything).flat().length, many.length);
  t.ok(performance.now() - startMs < 1000, 'forty that all stand on each other');
});

/** Graphs without circles: each stands on some of those with a lower number. */
const acyclic = fc
  .array(fc.array(fc.nat({ max: 11 }), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .map((below) => below.map((each, index) => each.filter((other) => other < index)));

t.test('whatever stands on another comes in an earlier group', async () => {
  fc.assert(
    fc.property(acyclic, fc.nat({ max: 12 }), fc.infiniteStream(fc.boolean()), (graph, rootAt, wishes) => {
      const point = (index: number) => (index === rootAt ? '/' : `/${index}`);
      const edges = Object.fromEntries(graph.map((below, index) => [point(index), below.map(point)]));
      const wanted = graph.flatMap((_, index) => (wishes.next().value ? [point(index)] : []));
      const groups = order(wanted, edges);
      if (groups.flat().sort().join() !== wanted.toSorted().join()) throw new Error('each wanted one, once');
      const place = new Map(groups.flatMap((group, index) => group.map((id) => [id, index] as const)));
      const beneath = (id: string): string[] => (edges[id] ?? []).flatMap((below) => [below, ...beneath(below)]);
      for (const id of wanted) {
        for (const below of beneath(id)) {
          if ((place.get(id) ?? 0) >= (place.get(below) ?? Number.POSITIVE_INFINITY))
            throw new Error(`${id} on ${below}`);
        }
      }
      const after = groups.slice((place.get('/') ?? groups.length) + 1).flat();
      if (after.some((id) => !beneath('/').includes(id)))
        throw new Error('the root is last, but for what it stands on');
    }),
    { numRuns: 300 },
  );
});

const DISK = fileSystem('254:0', '/', '/dev/vda');
const DATA = fileSystem('8:1', '/data', '/dev/sda1', 'xfs');
const LOOP = fileSystem('7:3', '/loop', '/dev/loop3');

t.test('what a loop device stands on is found through whatever lies between', async (t) => {
  const system = fakeSystem({
    files: {
      // An ext4 on LVM, on a loop device's file of /data.
      '/dev/mapper/vg-a': '-> ../dm-0',
      '/sys/class/block/dm-0/slaves/dm-1/size': '1',
      '/sys/class/block/dm-1/slaves/loop5/size': '1',
      '/sys/class/block/loop5/loop/backing_file': '/data/images/a.img\n',
      '/sys/class/block/loop3/loop/backing_file': '/var/lib/b.img (deleted)\n',
      '/sys/class/block/vda/size': '1',
    },
  });
  t.teardown(() => system.cleanUp());
  const volume = fileSystem('253:0', '/a', '/dev/mapper/vg-a');
  const nothing = fileSystem('0:40', '/run', 'tmpfs', 'tmpfs');
  t.strictSame(
    await readStanding(system, [DISK, DATA, LOOP, volume, nothing]),
    standing({ '254:0': [], '8:1': [], '7:3': ['254:0'], '253:0': ['8:1'], '0:40': [] }),
  );
});

t.test('a partition of a loop device stands where the device does', async (t) => {
  const system = fakeSystem({
    files: {
      '/sys/devices/virtual/block/loop3/loop/backing_file': '/data/c.img\n',
      '/sys/devices/virtual/block/loop3/loop3p1/partition': '1',
      '/sys/class/block/loop3p1': '-> ../../devices/virtual/block/loop3/loop3p1',
    },
  });
  t.teardown(() => system.cleanUp());
  const found = await readStanding(system, [DISK, DATA, fileSystem('259:1', '/p', '/dev/loop3p1')]);
  t.strictSame(found.get('259:1'), new Set(['8:1']));
});

t.test('a btrfs stands on what each of its devices stands on', async (t) => {
  const system = fakeSystem({
    files: {
      '/sys/fs/btrfs/features/x': '1',
      '/sys/fs/btrfs/uuid-1/devices/loop3/size': '1',
      '/sys/fs/btrfs/uuid-1/devices/loop4/size': '1',
      '/sys/class/block/loop3/loop/backing_file': '/data/c.img\n',
      '/sys/class/block/loop4/loop/backing_file': '/c.img\n',
    },
  });
  t.teardown(() => system.cleanUp());
  const found = await readStanding(system, [DISK, DATA, fileSystem('0:31', '/b', '/dev/loop3', 'btrfs')]);
  t.strictSame(found.get('0:31'), new Set(['8:1', '254:0']));
});

t.test('a folder whose name begins like a mount point is not below it', async (t) => {
  const system = fakeSystem({ files: { '/sys/class/block/loop3/loop/backing_file': '/data2/c.img\n' } });
  t.teardown(() => system.cleanUp());
  t.strictSame((await readStanding(system, [DISK, DATA, LOOP])).get('7:3'), new Set(['254:0']));
});

t.test('a circle of devices ends, and one on its own file stands on nothing else', async (t) => {
  const system = fakeSystem({
    files: {
      '/sys/class/block/dm-0/slaves/dm-1/size': '1',
      '/sys/class/block/dm-1/slaves/dm-0/size': '1',
      '/sys/class/block/loop3/loop/backing_file': '/loop/c.img\n',
    },
  });
  t.teardown(() => system.cleanUp());
  const found = await readStanding(system, [LOOP, fileSystem('253:0', '/a', '/dev/dm-0')]);
  t.strictSame(found, standing({ '7:3': [], '253:0': [] }));
});

t.test('any user may mount a FUSE file system, and say that it is of a device with any name', async (t) => {
  const system = fakeSystem();
  t.teardown(() => system.cleanUp());
  for (const name of ['x'.repeat(300), '../..', '..', '.', '']) {
    const mounted = fileSystem('0:99', '/home/u/m', `/dev/${name}`, 'fuse.x');
    t.strictSame([...(await readStanding(system, [mounted]))], [['0:99', new Set()]], name.slice(0, 9));
  }
});
