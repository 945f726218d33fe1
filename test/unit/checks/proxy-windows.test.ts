import t, { type Test } from 'tap';
import { localSystemAgrees } from '../../../agent/checks/proxy-windows.ts';
import { runChecks } from '../../../agent/checks/run.ts';
import { judgeRoutes } from '../../../agent/checks/windows-restore.ts';
import { planProxy } from '../../../agent/proxy/plan.ts';
import { proxySettings } from '../../../agent/proxy/settings.ts';
import { carryOut } from '../../../agent/system/all-or-none.ts';
import { NO_RECORD } from '../../../agent/system/change-record.ts';
import { fakeRegistry } from '../../fakes/registry.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { AZURE } from './machine.ts';

const SETTINGS = 'HKU\\S-1-5-18\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';

const windows = (t: Test) => {
  const fake = fakeSystem({ platform: 'windows' });
  t.teardown(fake.cleanUp);
  return { ...fake, live: true, registry: fakeRegistry() };
};

t.test('whether all places say the same', async (t) => {
  const system = windows(t);
  const finding = async () => (await runChecks(system, [localSystemAgrees], { facts: AZURE }))[0];
  t.match(await finding(), { verdict: 'pass', detail: 'no proxy is set' });
  const wanted = proxySettings('http://10.0.0.8:3128', [], 'test');
  const { steps } = await planProxy(system, { do: 'apply', wanted, packages: false }, NO_RECORD);
  await carryOut(system, steps, async () => undefined);
  t.match(await finding(), { verdict: 'pass', detail: '10.0.0.8:3128' }, 'as proxy apply leaves it');
  await system.registry.write(`${SETTINGS}\\ProxyEnable`, { type: 'dword', data: 0 });
  t.match(await finding(), {
    verdict: 'warn',
    detail: /ProxyServer none, DefaultConnectionSettings 10\.0\.0\.8:3128, .*WinHTTP 10\.0\.0\.8:3128$/,
    remedy: /netsh winhttp/,
  });
  const policy = 'HKLM\\Software\\Policies\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
  await system.registry.write(`${policy}\\ProxySettingsPerUser`, { type: 'dword', data: 0 });
  t.match(await finding(), { detail: /ProxySettingsPerUser/ });
  const { registry: _, ...without } = system;
  t.match(await runChecks(without, [localSystemAgrees], { facts: AZURE }), [{ verdict: 'skip' }]);
});

t.test('a proxy that a restored machine keeps is told without its password', async (t) => {
  const { verdict, detail } = judgeRoutes([], 'ann:kJ3xZ8s@10.0.0.8:3128');
  t.match({ verdict, detail }, { verdict: 'warn', detail: /a proxy of WinHTTP, .*10\.0\.0\.8:3128/ });
  t.notMatch(detail, 'kJ3xZ8s');
});
