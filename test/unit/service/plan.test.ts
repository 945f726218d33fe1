import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { planInstall, planUninstall } from '../../../agent/service/plan.ts';
import { PACKAGED, textOf } from '../../../agent/service/units.ts';
import { applyChanges, type Change } from '../../../agent/system/changes.ts';
import { sealed } from '../../../agent/system/owned-file.ts';
import { machineWith, OFF, ON, PACKAGE_FILE, type Scene, SELF } from './machine.ts';

function machine(t: Test, scene: Scene = {}) {
  const system = machineWith(scene);
  t.teardown(system.cleanUp);
  return system;
}

const commands = (changes: readonly Change[]): readonly string[] =>
  changes.flatMap((change) => (change.do === 'run' ? [change.argv.join(' ')] : []));
const written = (changes: readonly Change[]): readonly string[] =>
  changes.flatMap((change) => (change.do === 'write' ? [change.path] : []));

const OWN_FILES = [
  '/etc/systemd/system/quiesced.service',
  '/etc/systemd/system/quiesced.socket',
  '/etc/systemd/system/quiesced.timer',
  '/etc/tmpfiles.d/quiesced.conf',
];
const RESIDENT = { service: ON, socket: OFF, timer: OFF } as const;
const ON_DEMAND = { service: OFF, socket: ON, timer: ON } as const;
/** As install leaves it behind. */
const BY_HAND = Object.fromEntries(
  (['quiesced.service', 'quiesced.socket', 'quiesced.timer', 'quiesced.tmpfiles'] as const).map((source, index) => [
    OWN_FILES[index] ?? '',
    sealed(textOf(source, SELF)),
  ]),
);

t.test('on a machine that has nothing: files, then systemd', async (t) => {
  const { changes, notes } = await planInstall(machine(t), SELF, 'resident');
  t.strictSame(written(changes), OWN_FILES);
  const folders = changes.filter((change) => change.do === 'make-folder');
  t.strictSame(folders, [{ do: 'make-folder', path: '/etc/tmpfiles.d', mode: 0o755 }], 'for everybody to read');
  t.strictSame(commands(changes), [
    'systemd-tmpfiles --create /etc/tmpfiles.d/quiesced.conf',
    'systemctl daemon-reload',
    'systemctl enable --now quiesced.service',
  ]);
  t.strictSame(notes, []);
  t.match(changes[0], {
    text: /^ExecStart=\/opt\/quiesced\/node --.* \/opt\/quiesced\/quiesced\.mjs daemon$/m,
    mode: 0o644,
  });
});

t.test('carried out, nothing is left to do, and uninstall takes out exactly that', async (t) => {
  const system = machine(t);
  await applyChanges(system, (await planInstall(system, SELF, 'on-demand')).changes);
  for (const file of OWN_FILES) t.ok(await system.stat(file), file);

  const there = machine(t, { ...ON_DEMAND, files: BY_HAND });
  t.strictSame((await planInstall(there, SELF, 'on-demand')).changes, [], 'a plan made again is empty');
  const { changes } = await planUninstall(there);
  t.strictSame(changes, [
    {
      do: 'run',
      argv: ['systemctl', 'disable', '--now', 'quiesced.socket', 'quiesced.timer', 'quiesced.service'],
      timeoutMs: 300_000,
    },
    ...OWN_FILES.map((path) => ({ do: 'remove', path })),
    { do: 'run', argv: ['systemctl', 'daemon-reload'], timeoutMs: 300_000 },
  ]);
  await applyChanges(there, changes);
  t.strictSame(readdirSync(join(there.root, 'etc/systemd/system')), ['.keep']);
  t.strictSame((await planUninstall(there)).changes, [], 'nothing installed is nothing to do');
});

t.test('from one way to the other, by what is on now', async (t) => {
  const plan = async (scene: Scene, way: 'resident' | 'on-demand') =>
    commands((await planInstall(machine(t, { ...scene, files: BY_HAND }), SELF, way)).changes);
  t.strictSame(await plan(RESIDENT, 'resident'), []);
  t.strictSame(await plan(RESIDENT, 'on-demand'), [
    'systemctl disable --now quiesced.service',
    'systemctl enable --now quiesced.socket quiesced.timer',
  ]);
  t.strictSame(await plan(ON_DEMAND, 'resident'), [
    'systemctl disable --now quiesced.socket quiesced.timer',
    'systemctl enable --now quiesced.service',
  ]);
  const asked = { ...ON_DEMAND, service: { enabled: 'disabled', active: 'active' } };
  t.strictSame(
    await plan(asked, 'resident'),
    [
      'systemctl disable --now quiesced.socket quiesced.timer',
      'systemctl stop quiesced.service',
      'systemctl enable --now quiesced.service',
    ],
    'one that a request started would leave after a minute',
  );
  const halves = { service: OFF, socket: ON, timer: { enabled: 'enabled', active: 'inactive' } };
  t.strictSame(await plan(halves, 'on-demand'), ['systemctl enable --now quiesced.socket quiesced.timer']);
});

t.test('beside a package only the packaged program switches, and writes nothing', async (t) => {
  const scene = { ...RESIDENT, files: PACKAGE_FILE };
  t.strictSame((await planInstall(machine(t, scene), PACKAGED, 'resident')).changes, []);
  t.strictSame(commands((await planInstall(machine(t, scene), PACKAGED, 'on-demand')).changes), [
    'systemctl disable --now quiesced.service',
    'systemctl enable --now quiesced.socket quiesced.timer',
  ]);
  await t.rejects(planInstall(machine(t, scene), SELF, 'resident'), {
    code: 'service.packaged',
    remedy: /apt-get remove quiesced/,
  });
  await t.rejects(planUninstall(machine(t, scene)), { code: 'service.packaged', remedy: /apt-get remove quiesced/ });
});

t.test('a unit that was edited, or is of somebody else, is left alone and named', async (t) => {
  const [unit = ''] = OWN_FILES;
  const edited = { ...BY_HAND, [unit]: `${BY_HAND[unit]}# mine\n` };
  await t.rejects(planInstall(machine(t, { files: edited }), SELF, 'resident'), { code: 'file.edited', message: unit });
  await t.rejects(planUninstall(machine(t, { files: edited })), { code: 'file.edited', message: unit });
  const foreign = { [unit]: '[Service]\n' };
  await t.rejects(planInstall(machine(t, { files: foreign }), SELF, 'resident'), { code: 'file.foreign' });
  t.strictSame((await planUninstall(machine(t, { files: foreign }))).changes, []);
});

t.test('what cannot work is said beforehand', async (t) => {
  await t.rejects(planInstall(machine(t, { systemd: false }), SELF, 'resident'), {
    code: 'service.no-systemd',
    remedy: /\/opt\/quiesced\/node \/opt\/quiesced\/quiesced\.mjs daemon/,
  });
  const masked = { enabled: 'masked' };
  await t.rejects(planInstall(machine(t, { service: masked }), SELF, 'on-demand'), {
    code: 'service.masked',
    remedy: /systemctl unmask quiesced\.service$/,
  });
  t.ok(await planInstall(machine(t, { socket: masked }), SELF, 'resident'), 'the other way does not matter');
  const unsafe = machine(t, { files: { '/opt/quiesced/quiesced.mjs': '' } });
  chmodSync(join(unsafe.root, 'opt/quiesced'), 0o777);
  await t.rejects(planInstall(unsafe, SELF, 'resident'), { code: 'service.unsafe', remedy: /chmod go-w/ });
});

t.test('what should be known besides', async (t) => {
  const sources = ['/opt/quiesced/node', '/opt/quiesced/agent/main.ts'];
  t.match((await planInstall(machine(t), sources, 'resident')).notes, [{ remedy: /npm run build/ }]);
  const moved = machine(t, { ...RESIDENT, files: BY_HAND });
  const { changes, notes } = await planInstall(moved, ['/srv/node', '/srv/quiesced.mjs'], 'resident');
  t.strictSame(written(changes), [OWN_FILES[0]], 'only what differs is written');
  t.match(notes, [{ message: /goes on as it was/, remedy: /systemctl restart/ }]);
});

t.test('a machine without systemd loses the files all the same', async (t) => {
  const { changes } = await planUninstall(machine(t, { systemd: false, files: BY_HAND }));
  t.strictSame(commands(changes), []);
  t.equal(changes.length, OWN_FILES.length);
});
