/** Runs on Windows (Wine): sets and takes out LocalSystem's proxy in a real registry. Prints to a file, not to a pipe. */
import { writeFileSync } from 'node:fs';
import { localSystemAgrees } from '../../agent/checks/proxy-windows.ts';
import { planProxy } from '../../agent/proxy/plan.ts';
import { proxySettings } from '../../agent/proxy/settings.ts';
import { fromCurrentUser } from '../../agent/proxy/sources.ts';
import { carryOut } from '../../agent/system/all-or-none.ts';
import { NO_RECORD } from '../../agent/system/change-record.ts';
import { localSystem } from '../../agent/system/local.ts';
import type { Registry, RegistryValue } from '../../agent/system/registry.ts';

const SETTINGS = 'Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
const LOCAL_SYSTEM = `HKU\\S-1-5-18\\${SETTINGS}`;

async function roundTrips(registry: Registry) {
  const values: readonly RegistryValue[] = [
    { type: 'sz', data: 'tschüß 日本' },
    { type: 'sz', data: '' },
    { type: 'dword', data: 0xffff_ffff },
    { type: 'binary', data: '4600ff' },
    { type: 'binary', data: '' },
    { type: 'multi-sz', data: ['10.0.0.4', 'tschüß 日本'] },
    { type: 'multi-sz', data: [] },
  ];
  const path = 'HKLM\\SOFTWARE\\quiesced-test\\deep\\value';
  const read: unknown[] = [];
  for (const value of values) {
    await registry.write(path, value);
    read.push(await registry.read(path));
  }
  await registry.remove(path);
  await registry.remove(path);
  return { written: values, read, gone: (await registry.read(path)) === undefined };
}

async function proxy(registry: Registry) {
  const system = { ...localSystem({ env: {} }), registry };
  await registry.write(`${LOCAL_SYSTEM}\\ProxyEnable`, { type: 'dword', data: 0 });
  const wanted = proxySettings('http://10.0.0.8:3128', ['.internal.example'], 'test');
  const change = async (request: Parameters<typeof planProxy>[1]) => {
    const { steps } = await planProxy(system, request, NO_RECORD);
    await carryOut(system, steps, async () => undefined);
    return steps.length;
  };
  const apply = { do: 'apply' as const, wanted, packages: false };
  const applied = [await change(apply), await change(apply)];
  const server = await registry.read(`${LOCAL_SYSTEM}\\ProxyServer`);
  const context = { facts: undefined as never, evidence: () => Promise.reject(new Error('not asked')) };
  const { verdict } = await localSystemAgrees.run(system, context);
  const cleared = await change({ do: 'clear' });
  const left = [
    await registry.read(`${LOCAL_SYSTEM}\\ProxyEnable`),
    await registry.read(`${LOCAL_SYSTEM}\\ProxyServer`),
    await registry.read(`${LOCAL_SYSTEM}\\Connections\\DefaultConnectionSettings`),
  ];
  await registry.write(`HKCU\\${SETTINGS}\\ProxyEnable`, { type: 'dword', data: 1 });
  await registry.write(`HKCU\\${SETTINGS}\\ProxyServer`, { type: 'sz', data: 'http=a:1;https=b:2' });
  const { host, port } = await fromCurrentUser(system, []);
  return { applied, server, verdict, cleared, left, user: `${host}:${port}` };
}

const [, , answer = ''] = process.argv;
try {
  const { registry } = localSystem({ env: {} });
  if (registry === undefined) throw new Error('there is no registry here');
  writeFileSync(answer, JSON.stringify({ ...(await roundTrips(registry)), ...(await proxy(registry)) }));
} catch (error) {
  writeFileSync(answer, JSON.stringify({ error: String(error instanceof Error ? error.stack : error) }));
}
