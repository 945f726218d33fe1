import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openExpediter, restoreExpedited } from '../../../agent/freezer/expedite.ts';
import { frozenRig, guardRig } from './guard-rig.ts';
import { type Teardown, temporaryFolder, until } from './rig.ts';

function switches(t: Teardown, expedited: string, normal?: string) {
  const folder = temporaryFolder(t);
  const [path, normalPath] = [join(folder, 'rcu_expedited'), join(folder, 'rcu_normal')];
  writeFileSync(path, expedited);
  if (normal !== undefined) writeFileSync(normalPath, normal);
  return { open: () => openExpediter(path, normalPath), value: () => readFileSync(path, 'utf8').trim() };
}

t.test('raises the switch and puts it back', async (t) => {
  const { open, value } = switches(t, '0\n', '0\n');
  const expediter = open();
  t.equal(expediter?.raise(), true);
  t.equal(value(), '1');
  expediter?.restore();
  t.equal(value(), '0');
  expediter?.close();
});

t.test('a switch that was up already is not ours', async (t) => {
  const { open, value } = switches(t, '1\n', '0\n');
  t.equal(open()?.raise(), false);
  t.equal(value(), '1');
});

t.test('where it is missing, or not wanted, there is none', async (t) => {
  t.equal(switches(t, '0\n', '1\n').open(), undefined, 'a real-time kernel');
  t.equal(switches(t, '0\n').open(), undefined, 'a kernel without either');
  t.equal(openExpediter('/nowhere/a', '/nowhere/b'), undefined);
});

t.test('restored in the place of a dead process, whatever the switch says to it', async (t) => {
  const { open, value } = switches(t, '1\n', '0\n');
  restoreExpedited(open);
  t.equal(value(), '0');
  t.ok(
    restoreExpedited(() => undefined),
    'where there is none nothing is owed',
  );
  const broken = () => {
    throw new Error('EPERM');
  };
  t.notOk(restoreExpedited(broken));
  t.notOk(
    restoreExpedited(() => ({ raise: () => true, restore: broken, close: () => undefined })),
    'and stays owed',
  );
});

t.test('up before the first FIFREEZE, down after the last FITHAW', async (t) => {
  const rig = await frozenRig(t, ['a', 'b']);
  rig.guard.receive({ do: 'thaw' });
  await rig.answer('thawed');
  t.strictSame(rig.events, ['raise', 'froze a', 'froze b', 'thawed b', 'thawed a', 'restore']);
});

t.test('what was up before stays up, and is not owed', async (t) => {
  const rig = await frozenRig(t, ['a'], { expedited: '1' });
  t.equal(rig.owed()?.expedited, false);
  rig.guard.receive({ do: 'bye' });
  await until('it has left', () => rig.has('leave'));
  t.notOk(rig.has('restore'));
});

t.test('not wanted, it is not even opened', async (t) => {
  const rig = guardRig(t, {
    machine: {
      openExpediter: () => {
        throw new Error('opened');
      },
    },
  });
  rig.guard.receive(rig.order(['a'], { expedite: false }));
  await rig.answer('opened');
});

t.test('put back once, whoever asks to thaw, and however often', async (t) => {
  const rig = await frozenRig(t, ['a']);
  rig.guard.receive({ do: 'thaw' });
  rig.guard.receive({ do: 'thaw' });
  rig.guard.disconnected();
  await until('it has left', () => rig.has('leave'));
  t.equal(rig.events.filter((event) => event === 'restore').length, 1);
});

const refuse = () => {
  throw new Error('EPERM');
};

t.test('a switch that cannot be raised makes the freeze slower, not impossible', async (t) => {
  const rig = await frozenRig(t, ['a'], { expediter: { raise: refuse } });
  const { fileSystems, steps } = await rig.answer('froze');
  t.match(fileSystems, [{ state: 'frozen' }]);
  t.match(
    steps.find(({ step }) => step === 'expedite'),
    { error: 'EPERM' },
  );
  t.equal(rig.owed()?.expedited, false);
});

t.test('one that cannot be put back keeps nobody from anything, and stays on record', async (t) => {
  const rig = await frozenRig(t, ['a'], { expediter: { restore: refuse } });
  rig.guard.receive({ do: 'thaw' });
  t.match((await rig.answer('thawed')).report, { problems: [] });
  rig.guard.disconnected();
  await until('it has left', () => rig.has('leave'));
  t.ok(rig.has('recover'));
  t.match(rig.owed(), { fileSystems: [], expedited: true, bootId: 'boot-1' });
});
