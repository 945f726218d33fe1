import t from 'tap';
import { UserError } from '../../../agent/errors.ts';
import type { Classified } from '../../../agent/freezer/classes.ts';
import { assertNamedByTest, devicesNamedByTest, type Narrowing, select } from '../../../agent/freezer/selection.ts';

const one = (id: string, points: string | string[], kind: Classified['class'], differs = {}): Classified => {
  const mountPoints = [points].flat();
  const [mountPoint = ''] = mountPoints;
  const base = { id, type: 'ext4', source: `/dev/${id}`, readOnly: false, hidden: false, mountPoint, mountPoints };
  return { fileSystem: { ...base, ...differs }, class: kind, reason: `because of ${id}` };
};

const ROOT = one('8:1', '/', 'freezable');
const DATA = one('8:2', ['/data', '/srv/data'], 'freezable', { type: 'xfs', source: '/dev/sdb1' });
const SCRATCH = one('8:3', '/mnt/scratch[1]', 'freezable', { type: 'nilfs2' });
const EFI = one('8:15', '/boot/efi', 'exempt', { type: 'vfat' });
const ZFS = one('0:50', '/tank', 'unfreezable', { type: 'zfs', source: 'tank' });
const ALL = [ROOT, DATA, SCRATCH, EFI, ZFS];

const PLAIN: Narrowing = { exclude: [], container: false };

interface Case {
  readonly narrowing: Partial<Narrowing>;
  readonly of?: readonly Classified[];
  readonly freeze: readonly string[];
  /** `ID why`, of all the others. */
  readonly left: readonly string[];
}

const ALWAYS = ['8:15 exempt', '0:50 unfreezable'];

const CASES: Readonly<Record<string, Case>> = {
  'nothing narrows it': { narrowing: {}, freeze: ['8:1', '8:2', '8:3'], left: ALWAYS },
  'a mount point is excluded': {
    narrowing: { exclude: ['/data'] },
    freeze: ['8:1', '8:3'],
    left: ['8:2 excluded', ...ALWAYS],
  },
  'by another mount point of it': {
    narrowing: { exclude: ['/srv/data'] },
    freeze: ['8:1', '8:3'],
    left: ['8:2 excluded', ...ALWAYS],
  },
  'by a glob, across slashes': {
    narrowing: { exclude: ['/*/d?ta'] },
    freeze: ['8:1', '8:3'],
    left: ['8:2 excluded', ...ALWAYS],
  },
  'a glob is the whole path': {
    narrowing: { exclude: ['/dat', 'data', '/dat?x'] },
    freeze: ['8:1', '8:2', '8:3'],
    left: ALWAYS,
  },
  'what is special in a pattern is not in a glob': {
    narrowing: { exclude: ['/mnt/scratch[1]', '/dat.', '(/data)'] },
    freeze: ['8:1', '8:2'],
    left: ['8:3 excluded', ...ALWAYS],
  },
  'by type': {
    narrowing: { exclude: ['type:xfs', 'type:nilfs'] },
    freeze: ['8:1', '8:3'],
    left: ['8:2 excluded', ...ALWAYS],
  },
  'by device': {
    narrowing: { exclude: ['device:/dev/sdb1', 'device:/dev/sd'] },
    freeze: ['8:1', '8:3'],
    left: ['8:2 excluded', ...ALWAYS],
  },
  'one that cannot be frozen, so that it does not lower the level': {
    narrowing: { exclude: ['type:zfs'] },
    freeze: ['8:1', '8:2', '8:3'],
    left: ['8:15 exempt', '0:50 excluded'],
  },
  everything: {
    narrowing: { exclude: ['*'] },
    freeze: [],
    left: ['8:1 excluded', '8:2 excluded', '8:3 excluded', '8:15 exempt', '0:50 excluded'],
  },
  'one is named': {
    narrowing: { only: ['/data'] },
    freeze: ['8:2'],
    left: ['8:1 excluded', '8:3 excluded', '8:15 exempt', '0:50 excluded'],
  },
  'named by another mount point, and with slashes at the end': {
    narrowing: { only: ['/srv/data//', '//'] },
    freeze: ['8:1', '8:2'],
    left: ['8:3 excluded', '8:15 exempt', '0:50 excluded'],
  },
  'what is named is not a glob, and exclude does not count then': {
    narrowing: { only: ['/mnt/scratch[1]'], exclude: ['*'] },
    freeze: ['8:3'],
    left: ['8:1 excluded', '8:2 excluded', '8:15 exempt', '0:50 excluded'],
  },
  'in a container': {
    narrowing: { container: true },
    freeze: [],
    left: ['8:1 excluded', '8:2 excluded', '8:3 excluded', '8:15 exempt', '0:50 excluded'],
  },
  'in a container, but named': {
    narrowing: { container: true, only: ['/data'] },
    freeze: ['8:2'],
    left: ['8:1 excluded', '8:3 excluded', '8:15 exempt', '0:50 excluded'],
  },
  'named where an automount was triggered': {
    of: [
      ROOT,
      one('0:40', '/auto', 'exempt', { type: 'autofs', hidden: true }),
      one('8:9', '/auto', 'unfreezable', { hidden: true }),
      one('8:4', '/auto', 'freezable'),
    ],
    narrowing: { only: ['/auto'] },
    freeze: ['8:4'],
    left: ['8:1 excluded', '0:40 exempt', '8:9 excluded'],
  },
};

for (const [name, { narrowing, of, freeze, left }] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    const found = select(of ?? ALL, { ...PLAIN, ...narrowing });
    t.strictSame(
      found.freeze.map(({ id }) => id),
      freeze,
    );
    t.strictSame(
      found.left.map(({ fileSystem, why }) => `${fileSystem.id} ${why}`),
      left,
    );
    t.ok(found.left.every(({ reason }) => reason !== ''));
  });
}

t.test('who reads why is told which rule it was', async (t) => {
  const reasons = (narrowing: Partial<Narrowing>) => select([DATA], { ...PLAIN, ...narrowing }).left[0]?.reason;
  t.equal(reasons({ exclude: ['/x', 'type:xfs', '/data'] }), '[freeze] exclude = type:xfs');
  t.match(reasons({ container: true }), /container/);
  t.equal(select([EFI], { ...PLAIN, exclude: ['*'] }).left[0]?.reason, EFI.reason);
});

t.test('a name that cannot be honoured is refused, never taken for the file system around it', async (t) => {
  const refused = (path: string) => t.throws(() => select(ALL, { ...PLAIN, only: ['/', path] }), UserError, path);
  for (const path of ['/data/sub', '/dat', 'data', '', '.', '/DATA', '/data/..']) refused(path);
  t.throws(() => select(ALL, { ...PLAIN, only: ['/nowhere'] }), {
    code: 'freeze.not-a-mount-point',
    message: '/nowhere is not the mount point of a file system',
    remedy: 'Those that can be frozen: /, /data, /mnt/scratch[1]',
  });
  const none = { code: 'freeze.not-a-mount-point', message: /nowhere/, remedy: 'Those that can be frozen: none' };
  t.throws(() => select([EFI], { ...PLAIN, only: ['/nowhere'] }), none);
  for (const [path, { reason }] of [['/boot/efi', EFI] as const, ['/tank/', ZFS] as const]) {
    t.throws(() => select(ALL, { ...PLAIN, only: [path] }), {
      code: 'freeze.not-freezable',
      message: new RegExp(reason),
    });
  }
});

t.test('the guard for tests lets nothing through that was not named', async (t) => {
  const named = (testDevices: readonly string[], narrowing = {}) =>
    select(ALL, { ...PLAIN, ...narrowing, testDevices });
  t.throws(() => named([]), { code: 'test.device', message: /freezing \/ \(8:1\)/ });
  t.throws(() => named(['8:1', '8:3']), { code: 'test.device', message: /\/data/ });
  t.equal(named(['8:1', '8:2', '8:3']).freeze.length, 3);
  t.equal(named(['8:2'], { only: ['/data'] }).freeze.length, 1, 'what is left alone needs no name');
  t.equal(named([], { exclude: ['*'] }).freeze.length, 0);
  t.throws(() => assertNamedByTest([{ id: '8:1', mountPoint: '/' }], ['18:1', '8:11']), { code: 'test.device' });
  t.doesNotThrow(() => assertNamedByTest([{ id: '8:1', mountPoint: '/' }], undefined), 'outside tests there is none');
});

t.test('the devices come from the environment of a test only', async (t) => {
  t.equal(devicesNamedByTest({}), undefined);
  t.equal(devicesNamedByTest({ QUIESCED_TEST: '0', QUIESCED_TEST_DEVICES: '7:1' }), undefined);
  t.strictSame(devicesNamedByTest({ QUIESCED_TEST: '1' }), []);
  t.strictSame(devicesNamedByTest({ QUIESCED_TEST: '1', QUIESCED_TEST_DEVICES: '7:1,7:2,' }), ['7:1', '7:2']);
});

t.test('a mount point may be written with slashes at its end, however many', async (t) => {
  const beganMs = performance.now();
  for (const path of ['/data', '/data/', `/data${'/'.repeat(150_000)}`]) {
    t.strictSame(select([DATA], { exclude: [], container: false, only: [path] }).freeze, [DATA.fileSystem]);
  }
  t.throws(() => select([DATA], { exclude: [], container: false, only: [`${'/'.repeat(150_000)}x`] }));
  t.ok(performance.now() - beganMs < 1000, 'and none takes long');
});
