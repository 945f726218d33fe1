import t from 'tap';
import { type PlanWishes, planSnapshot, replanSnapshot, worthTelling } from '../../../agent/snapshot/plan.ts';
import { type FakeSystem, fakeSystem } from '../../fakes/system.ts';

const LINES = {
  root: '22 1 8:1 / / rw - ext4 /dev/sda1 rw',
  proc: '23 22 0:5 / /proc rw - proc proc rw',
  efi: '24 22 8:15 / /boot/efi rw - vfat /dev/sda15 rw',
  data: '25 22 8:17 / /data rw - xfs /dev/sdb1 rw',
  loop: '26 25 7:3 / /data/loop rw - ext4 /dev/loop3 rw',
  tank: '27 22 0:50 / /tank rw - zfs tank rw',
};
const BACKING = { '/sys/class/block/loop3/loop/backing_file': '/data/image\n' };

function machine(t: { teardown(last: () => void): unknown }, lines: readonly string[], files = {}): FakeSystem {
  const system = fakeSystem({ files: { '/proc/1/mountinfo': `${lines.join('\n')}\n`, ...BACKING, ...files } });
  t.teardown(() => system.cleanUp());
  return system;
}

const WISHES: PlanWishes = { freeze: true, scripts: undefined, exclude: [], deadlineMs: 10_000, expedite: true };

t.test('the plan of a machine', async (t) => {
  const system = machine(t, Object.values(LINES));
  const { freeze, left, warnings, scripts } = await planSnapshot(system, WISHES);
  t.strictSame(
    freeze.groups.map((group) => group.map(({ mountPoint }) => mountPoint)),
    [['/data/loop'], ['/data'], ['/']],
  );
  t.match(freeze, { deadlineMs: 10_000, expedite: true });
  t.strictSame(
    left.map(({ fileSystem, why }) => `${fileSystem.mountPoint} ${why}`),
    ['/proc exempt', '/boot/efi exempt', '/tank unfreezable'],
  );
  t.strictSame(
    worthTelling(left).map(({ fileSystem }) => fileSystem.mountPoint),
    ['/boot/efi', '/tank'],
    'nobody wants to read about /proc',
  );
  t.strictSame(warnings, []);
  t.strictSame(scripts.scripts, []);
  t.strictSame(system.ran, [], 'planning touches nothing');
});

t.test('narrowed by --mount, by exclude, and by not freezing at all', async (t) => {
  const system = machine(t, Object.values(LINES));
  const planned = async (wishes: Partial<PlanWishes>) => {
    const { freeze } = await planSnapshot(system, { ...WISHES, ...wishes });
    return freeze.groups.flat().map(({ mountPoint }) => mountPoint);
  };
  t.strictSame(await planned({ only: ['/data/loop', '/'] }), ['/data/loop', '/']);
  t.strictSame(await planned({ exclude: ['/data*'] }), ['/']);
  t.strictSame(await planned({ freeze: false }), []);
  await t.rejects(planned({ only: ['/tank'] }), { code: 'freeze.not-freezable' });
});

t.test('narrowed to what a snapshot holds: what nobody can freeze there weighs, and nothing beside it', async (t) => {
  const system = machine(t, Object.values(LINES));
  const why = async (covered: readonly string[]) => {
    const { left } = await planSnapshot(system, { ...WISHES, narrow: async () => ({ mounts: ['/data'], covered }) });
    return left.find(({ fileSystem }) => fileSystem.mountPoint === '/tank')?.why;
  };
  t.equal(await why(['0:50']), 'unfreezable');
  t.equal(await why([]), 'excluded');
});

t.test('what a snapshot holds is asked for again when scripts have mounted or unmounted', async (t) => {
  const held = [['/data'], ['/data/loop', '/']];
  const wishes = { ...WISHES, narrow: async () => ({ mounts: held.shift() ?? [], covered: [] }) };
  const before = machine(t, Object.values(LINES));
  const plan = await planSnapshot(before, wishes);
  const after = await replanSnapshot(machine(t, [LINES.root, LINES.loop]), wishes, plan);
  t.strictSame(
    after?.freeze.groups.flat().map(({ mountPoint }) => mountPoint),
    ['/data/loop', '/'],
    'one that was unmounted is no reason to refuse, and one that came is frozen',
  );
});

t.test('in a container nothing is frozen that is not named', async (t) => {
  const system = machine(t, Object.values(LINES), { '/.dockerenv': '' });
  t.strictSame((await planSnapshot(system, WISHES)).freeze.groups, []);
  const named = await planSnapshot(system, { ...WISHES, only: ['/data'] });
  t.equal(named.freeze.groups.flat().length, 1);
});

t.test('in a test nothing is frozen that was not named', async (t) => {
  const system = { ...machine(t, Object.values(LINES)), env: { QUIESCED_TEST: '1', QUIESCED_TEST_DEVICES: '7:3' } };
  await t.rejects(planSnapshot(system, WISHES), { code: 'test.device' });
  const named = await planSnapshot(system, { ...WISHES, only: ['/data/loop'] });
  t.strictSame(
    named.freeze.groups.flat().map(({ id }) => id),
    ['7:3'],
  );
});

t.test('a machine with nothing to freeze', async (t) => {
  const { freeze, left } = await planSnapshot(machine(t, [LINES.proc]), WISHES);
  t.strictSame(freeze.groups, []);
  t.equal(left.length, 1);
});

t.test('it is planned anew only when something was mounted or unmounted', async (t) => {
  const before = machine(t, [LINES.root]);
  const plan = await planSnapshot(before, WISHES);
  t.equal(await replanSnapshot(before, WISHES, plan), undefined);
  const after = await replanSnapshot(machine(t, [LINES.root, LINES.data]), WISHES, plan);
  t.strictSame(
    after?.freeze.groups.flat().map(({ mountPoint }) => mountPoint),
    ['/data', '/'],
  );
});
