import { deepStrictEqual } from 'node:assert';
import t from 'tap';
import { fileSystemsOf, type Mount, parseMountinfo } from '../../../agent/freezer/mounts.ts';
import fc from '../../fast-check.ts';

/** As the kernel writes it: mangle_path of fs/seq_file.c. */
const escaped = (text: string): string =>
  text.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);

const lineOf = (mount: Mount, optional: readonly string[]): string =>
  [
    mount.id,
    mount.parent,
    mount.device,
    escaped(mount.root),
    escaped(mount.mountPoint),
    'rw,relatime',
    ...optional,
    '-',
    escaped(mount.type),
    escaped(mount.source),
    mount.superOptions.join(','),
  ].join(' ');

/** Any name that a file may have, with a taste for what the kernel escapes. */
const name = fc
  .array(fc.oneof(fc.constantFrom(' ', '\t', '\n', '\\', '#', '-', '040', '\\040'), fc.string({ unit: 'grapheme' })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join('').replace(/[/\0]/g, '') || 'x');
const path = fc.array(name, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const number = fc.nat({ max: 2 ** 20 });

const fields = {
  id: number,
  parent: number,
  device: fc.tuple(number, number).map(([major, minor]) => `${major}:${minor}`),
  root: path,
  mountPoint: path,
  type: fc.constantFrom('ext4', 'xfs', 'btrfs', 'fuse.x y', 'nfs4'),
  source: fc.oneof(path, name),
  superOptions: fc.array(fc.constantFrom('rw', 'ro', 'subvol=/@', 'errors=remount-ro'), { minLength: 1 }),
};
const mount: fc.Arbitrary<Mount> = fc.record(fields, { noNullPrototype: true });
const optional = fc.array(fc.constantFrom('shared:1', 'master:22', 'propagate_from:3', 'unbindable'));

t.test('what the kernel writes is read as it was', async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(mount, optional)), (mounts) => {
      const text = mounts.map(([each, more]) => `${lineOf(each, more)}\n`).join('');
      deepStrictEqual(
        parseMountinfo(text),
        mounts.map(([each]) => each),
      );
    }),
  );
});

t.test('whatever stands there, it ends and never throws', async () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(' ', '\n', '-', ' - ', '8:1', '\\040', '\\999', '/', 'ext4', '1'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      for (const { id, device, mountPoint } of parseMountinfo(pieces.join(''))) {
        if (!Number.isInteger(id) || !/^\d+:\d+$/.test(device) || typeof mountPoint !== 'string') fail();
      }
    }),
  );
});

t.test('a long table does not take long', async (t) => {
  // As on a host of containers: most hang on the root, some on each other as deep as a path can be.
  const line = (id: number) => {
    const parent = id % 5 === 0 && id > 5 ? id - 5 : 1;
    return `${id} ${parent} 0:${id} / /${'deep/'.repeat(20)}${id} rw - tmpfs none rw`;
  };
  const text = Array.from({ length: 5000 }, (_, id) => line(id + 1)).join('\n');
  const startMs = performance.now();
  t.equal(fileSystemsOf(parseMountinfo(text)).length, 5000);
  t.ok(performance.now() - startMs < 2000, `${performance.now() - startMs} ms`);
});

/** Ids and parents that are anybody's: also circles, and mounts that hang on themselves. */
const tangled = fc.array(
  fc.record({
    id: fc.nat({ max: 6 }),
    parent: fc.nat({ max: 6 }),
    device: fc.constantFrom('8:1', '8:2', '0:40', '0:41'),
    root: fc.constantFrom('/', '/sub', '/@'),
    mountPoint: fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/d'),
    type: fc.constant('ext4'),
    source: fc.constant('/dev/x'),
    superOptions: fc.constantFrom(['rw'], ['ro']),
  }),
);

t.test('each superblock is one file system, with a name that it has', async () => {
  fc.assert(
    fc.property(tangled, (mounts) => {
      const found = fileSystemsOf(mounts);
      const ids = found.map(({ id }) => id);
      const expected = [...new Set(mounts.map(({ device }) => device))];
      if (ids.join() !== expected.join()) fail('every superblock, once, in the order of the table');
      for (const { id, mountPoint, mountPoints } of found) {
        const own = mounts.filter(({ device }) => device === id).map((each) => each.mountPoint as string);
        if (mountPoints[0] !== mountPoint) fail('it is named by the first of its mount points');
        if (!mountPoints.every((point) => own.includes(point))) fail('and only by its own');
        if (new Set(mountPoints).size !== mountPoints.length) fail('each once');
      }
    }),
    { numRuns: 500 },
  );
});

function fail(message = 'not the same'): never {
  throw new Error(message);
}
