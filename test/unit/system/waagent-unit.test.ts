import t from 'tap';
import { roleOf } from '../../../agent/checks/waagent.ts';
import { findAgentService, parseUnits, pickUnit } from '../../../agent/system/waagent-unit.ts';
import { AZURE, machine, type Scene } from '../checks/machine.ts';

const service = async (scene: Scene) => {
  const { system, cleanUp } = machine(scene);
  try {
    return await findAgentService(system, scene.facts ?? AZURE);
  } finally {
    cleanUp();
  }
};

const block = (id: string, load: string, active: string, state: string) =>
  `Id=${id}\nLoadState=${load}\nActiveState=${active}\nUnitFileState=${state}\n`;
const systemctl = (...blocks: readonly string[]) => ({ programs: { systemctl: { stdout: blocks.join('\n') } } });

t.test('what systemctl says', async (t) => {
  t.strictSame(parseUnits(block('a.service', 'loaded', 'active', 'enabled')), [
    { kind: 'systemd', name: 'a.service', active: 'active', enabled: 'enabled' },
  ]);
  t.strictSame(parseUnits(block('a.service', 'not-found', 'inactive', '')), [], 'a unit that is not there');
  t.match(parseUnits(block('a.service', 'masked', 'inactive', 'masked')), [{ enabled: 'masked' }]);
  t.match(parseUnits(block('a.service', 'loaded', 'failed', '')), [{ active: 'failed', enabled: undefined }]);
  t.strictSame(parseUnits(''), []);
});

t.test('both names are looked for', async (t) => {
  const missing = (id: string) => block(id, 'not-found', 'inactive', '');
  const there = (id: string) => block(id, 'loaded', 'active', 'enabled');
  const debian = systemctl(there('walinuxagent.service'), missing('waagent.service'));
  t.match(await service(debian), { name: 'walinuxagent.service', active: 'active' });
  const redHat = systemctl(missing('walinuxagent.service'), there('waagent.service'));
  t.match(await service(redHat), { name: 'waagent.service', active: 'active' });
  t.equal(await service(systemctl(missing('walinuxagent.service'), missing('waagent.service'))), undefined);
});

t.test('one that runs comes before a left-over', async (t) => {
  const [old, now] = ['inactive', 'active'].map(
    (active) => ({ kind: 'systemd', name: active, active, enabled: undefined }) as const,
  );
  t.equal(pickUnit([old, now].filter((unit) => unit !== undefined))?.name, 'active');
});

t.test('without systemctl, by the files', async (t) => {
  t.match(
    await service({
      files: {
        '/usr/lib/systemd/system/waagent.service': '',
        '/etc/systemd/system/multi-user.target.wants/waagent.service': '-> /usr/lib/systemd/system/waagent.service',
      },
    }),
    { name: 'waagent.service', active: undefined, enabled: 'enabled' },
  );
  t.match(await service({ files: { '/lib/systemd/system/walinuxagent.service': '' } }), { enabled: 'disabled' });
  t.match(await service({ files: { '/etc/systemd/system/waagent.service': '-> /dev/null' } }), { enabled: 'masked' });
  t.match(await service({ facts: { ...AZURE, systemd: false }, files: { '/etc/init.d/waagent': '' } }), {
    kind: 'init-script',
    name: '/etc/init.d/waagent',
  });
  t.equal(await service({}), undefined);
});

t.test('the agent among processes', async (t) => {
  for (const [command, role] of [
    ['/usr/bin/python3 -u /usr/sbin/waagent -daemon', 'daemon'],
    ['/usr/bin/python3 -u /usr/sbin/waagent --daemon', 'daemon'],
    ['python3 -u bin/WALinuxAgent-2.9.1.1-py3.8.egg -run-exthandlers', 'extensions'],
    ['/usr/bin/python3 -u /usr/sbin/waagent -run-exthandlers', 'extensions'],
    ['python3 -u bin/WALinuxAgent-2.9.1.1-py3.8.egg -collect-logs', undefined],
    ['/usr/sbin/waagent --version', undefined],
    ['vi /etc/waagent.conf', undefined],
    ['grep -daemon waagent', undefined],
    ['', undefined],
  ] as const) {
    t.equal(roleOf(command.split(' ')), role, command);
  }
});
