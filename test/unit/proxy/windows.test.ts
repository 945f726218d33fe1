import t, { type Test } from 'tap';
import { parseConnectionSettings } from '../../../agent/proxy/connection-settings.ts';
import { planProxy } from '../../../agent/proxy/plan.ts';
import { proxySettings } from '../../../agent/proxy/settings.ts';
import { fromCurrentUser } from '../../../agent/proxy/sources.ts';
import { bypassOf } from '../../../agent/proxy/windows-bypass.ts';
import { carryOut, takeBack } from '../../../agent/system/all-or-none.ts';
import { NO_RECORD } from '../../../agent/system/change-record.ts';
import type { RegistryValue } from '../../../agent/system/registry.ts';
import { type FakeRegistry, fakeRegistry } from '../../fakes/registry.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { WANTED } from './machines.ts';

const SETTINGS = 'HKU\\S-1-5-18\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
const USER = SETTINGS.replace('HKU\\S-1-5-18', 'HKCU');
const DEFAULT = `${SETTINGS}\\Connections\\DefaultConnectionSettings`;
const WINHTTP = 'WinHTTP\\default\\proxy';
/** As Windows has it where nothing was ever set: detection on, changed twice. */
const UNTOUCHED = `460000000200000009000000${'00'.repeat(44)}`;
const sz = (data: string): RegistryValue => ({ type: 'sz', data });
const dword = (data: number): RegistryValue => ({ type: 'dword', data });

const windows = (t: Test, registry: FakeRegistry) => {
  const system = fakeSystem({ platform: 'windows' });
  t.teardown(system.cleanUp);
  return { ...system, registry };
};
const planned = async (system: ReturnType<typeof windows>, wanted: typeof WANTED | undefined) => {
  const request = wanted === undefined ? { do: 'clear' as const } : { do: 'apply' as const, wanted, packages: false };
  return (await planProxy(system, request, NO_RECORD)).steps;
};
const apply = async (system: ReturnType<typeof windows>, wanted: typeof WANTED | undefined) =>
  carryOut(system, await planned(system, wanted), async () => undefined);

t.test('set for LocalSystem and WinHTTP, and taken out without a trace', async (t) => {
  const registry = fakeRegistry({
    [`${SETTINGS}\\ProxyEnable`]: dword(0),
    [`${SETTINGS}\\ProxyServer`]: sz('old.example:8080'),
    [DEFAULT]: { type: 'binary', data: UNTOUCHED },
  });
  const before = new Map(registry.values);
  const system = windows(t, registry);
  await apply(system, WANTED);
  const read = (path: string) => registry.values.get(path.toLowerCase());
  t.strictSame(read(`${SETTINGS}\\ProxyEnable`), dword(1));
  t.strictSame(read(`${SETTINGS}\\ProxyServer`), sz('10.0.0.8:3128'));
  const bypass = '168.63.129.16;169.254.169.254;localhost;127.0.0.1;127.*;[::1];*.internal.example;<local>';
  t.strictSame(read(`${SETTINGS}\\ProxyOverride`), sz(bypass));
  for (const name of ['DefaultConnectionSettings', 'SavedLegacySettings']) {
    const blob = parseConnectionSettings(String(read(`${SETTINGS}\\Connections\\${name}`)?.data));
    t.match(blob, { version: 0x46, flags: 3, server: '10.0.0.8:3128', bypass, script: '' }, name);
  }
  t.equal(parseConnectionSettings(String(read(DEFAULT)?.data))?.counter, 3, 'one more change');
  t.strictSame(read(WINHTTP), sz(`10.0.0.8:3128 ${bypass}`));

  t.strictSame(await planned(system, WANTED), [], 'a second time there is nothing to do');
  // WinINet counts by itself, and says nothing new.
  const counted = String(read(DEFAULT)?.data).replace(/^4600000003/, '4600000009');
  await registry.write(DEFAULT, { type: 'binary', data: counted });
  t.strictSame(await planned(system, WANTED), []);
  await apply(system, proxySettings('http://10.0.0.9:8080', [], 'test'));
  t.strictSame(read(`${SETTINGS}\\ProxyServer`), sz('10.0.0.9:8080'));
  await apply(system, undefined);
  t.strictSame(new Map([...registry.values].sort()), new Map([...before].sort()), 'as it was');
});

t.test('what somebody else has set since stays', async (t) => {
  const registry = fakeRegistry();
  const system = windows(t, registry);
  await apply(system, WANTED);
  await registry.write(`${SETTINGS}\\ProxyServer`, sz('theirs:1'));
  await apply(system, undefined);
  t.strictSame([...registry.values], [[`${SETTINGS}\\ProxyServer`.toLowerCase(), sz('theirs:1')]]);
});

t.test('all of it or nothing', async (t) => {
  const registry = fakeRegistry({ [`${SETTINGS}\\ProxyEnable`]: dword(0) });
  const before = new Map(registry.values);
  const system = windows(t, {
    ...registry,
    async write(path, value) {
      if (path === WINHTTP) throw new Error('access denied');
      await registry.write(path, value);
    },
  });
  await t.rejects(apply(system, WANTED), { code: 'change.failed', message: /WinHTTP.*access denied/ });
  t.strictSame(registry.values, before);
  const steps = await planned(system, WANTED);
  for (const { path, after } of steps.slice(0, 3)) {
    if (after?.kind === 'value') await registry.write(path, after.value);
  }
  t.strictSame(await takeBack(system, steps, 4711), [], 'cut off half-way');
  t.strictSame(registry.values, before);
});

t.test('from the current user', async (t) => {
  const from = (values: Record<string, RegistryValue>) =>
    fromCurrentUser(
      {
        registry: fakeRegistry(
          Object.fromEntries(Object.entries(values).map(([name, value]) => [`${USER}\\${name}`, value])),
        ),
      },
      [],
    );
  const on = { ProxyEnable: dword(1) };
  t.match(
    await from({ ...on, ProxyServer: sz('proxy:8080'), ProxyOverride: sz('*.internal.example;10.1.*;<local>') }),
    { host: 'proxy', port: 8080, bypass: [...WANTED.bypass.slice(0, 6), '.internal.example', '10.1.0.0/16'] },
  );
  t.match(await from({ ...on, ProxyServer: sz('http=a:1;https=b:2;ftp=c:3') }), { host: 'b', port: 2 });
  t.match(await from({ ...on, ProxyServer: sz('http=a:1') }), { host: 'a', port: 1 });
  await t.rejects(from({ ProxyEnable: dword(0), ProxyServer: sz('proxy:8080') }), { code: 'proxy.none' });
  await t.rejects(from({ ...on, ProxyServer: sz('socks=a:1') }), { code: 'proxy.none' });
  await t.rejects(from({ ...on, ProxyServer: sz('u:p@a:1') }), { code: 'proxy.credentials' });
});

t.test('exceptions of Windows, as others read them', async (t) => {
  t.strictSame(bypassOf('*.a.example;10.*;169.254.*.*;192.168.1.*;<local>;[::1];b'), [
    ...['.a.example', '10.0.0.0/8', '169.254.0.0/16', '192.168.1.0/24', '::1', 'b'],
  ]);
  t.strictSame(bypassOf('*'), ['*'], 'all go directly');
  t.strictSame(bypassOf('*mail*;1.2.3.4.*;168.*.16'), [], 'what nobody else can read is left out');
});

t.test('what says nothing, or was never whole', async (t) => {
  t.equal(parseConnectionSettings('46000000'), undefined);
  t.equal(parseConnectionSettings('460000000100000003000000ff000000'), undefined, 'a text that is cut off');
  t.equal(parseConnectionSettings('xyz'), undefined);
  t.match(parseConnectionSettings('460000000300000003000000'), { counter: 3, flags: 3, server: '', rest: '' });
});
