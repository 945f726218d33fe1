import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { applyChanges, type Change, describeChange } from '../../../agent/system/changes.ts';
import { type FakeProgram, fakeSystem } from '../../fakes/system.ts';

const machine = (programs: Readonly<Record<string, FakeProgram>> = {}) => {
  const system = fakeSystem({ files: { '/etc/old': 'old\n' }, programs });
  t.teardown(system.cleanUp);
  return system;
};

t.test('every step does what its line says', async (t) => {
  const system = machine({ systemctl: {} });
  const changes: readonly Change[] = [
    { do: 'make-folder', path: '/etc/new.d', mode: 0o755 },
    { do: 'write', path: '/etc/new.d/one', text: 'one\n', mode: 0o750 },
    { do: 'remove', path: '/etc/old' },
    { do: 'run', argv: ['systemctl', 'daemon-reload'], timeoutMs: 1000 },
  ];
  await applyChanges(system, changes);
  t.equal(await system.readText('/etc/new.d/one'), 'one\n');
  t.equal((await system.stat('/etc/new.d/one'))?.mode, 0o750);
  t.equal((await system.stat('/etc/new.d'))?.mode, 0o755);
  t.equal(await system.readText('/etc/old'), undefined);
  t.strictSame(system.ran, [['systemctl', 'daemon-reload']]);
  t.strictSame(changes.map(describeChange), [
    'make the folder /etc/new.d (0755)',
    'write /etc/new.d/one (0750)',
    'remove /etc/old',
    'run systemctl daemon-reload',
  ]);
});

t.test('a folder goes only when it is empty', async (t) => {
  const system = machine();
  mkdirSync(join(system.root, 'etc/empty.d'));
  await applyChanges(system, [
    { do: 'remove-folder', path: '/etc/empty.d' },
    { do: 'remove-folder', path: '/etc' },
    { do: 'remove-folder', path: '/nowhere' },
  ]);
  t.equal(await system.stat('/etc/empty.d'), undefined);
  t.ok(statSync(join(system.root, 'etc')).isDirectory(), 'what somebody else put there stays');
});

t.test('a step that fails ends it, and says how far it came', async (t) => {
  const programs = {
    'systemctl restart x': { exitCode: 5, stderr: 'Unit x not found.\n' },
    hangs: { ended: 'timed-out', exitCode: undefined },
  } as const;
  const system = machine(programs);
  const run = (argv: readonly string[]): Change => ({ do: 'run', argv, timeoutMs: 1000 });
  await t.rejects(
    applyChanges(system, [
      { do: 'remove', path: '/etc/old' },
      run(['systemctl', 'restart', 'x']),
      { do: 'write', path: '/etc/never', text: '', mode: 0o644 },
    ]),
    {
      code: 'change.failed',
      message: 'could not run systemctl restart x: it ended with 5: Unit x not found. (1 of 3 steps were done before)',
    },
  );
  t.equal(await system.stat('/etc/never'), undefined, 'nothing is done after it');
  await t.rejects(applyChanges(system, [run(['hangs'])]), {
    message: /it did not end in time \(nothing was changed\)/,
  });
  await t.rejects(applyChanges(system, [run(['missing'])]), { message: /there is no such program/ });
});
