/** Runs on Windows (Wine): the readers that checks have there, on what is made for them, and then every check there is. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { nothingIsOwed } from '../../agent/checks/apps-record.ts';
import { readiness } from '../../agent/checks/report.ts';
import { runChecks } from '../../agent/checks/run.ts';
import { windowsVersionIsSupported } from '../../agent/checks/vm-agent-runtime.ts';
import { windowsAdapters } from '../../agent/checks/windows-network.ts';
import { gatherFacts } from '../../agent/system/facts.ts';
import { localSystem } from '../../agent/system/local.ts';
import { takeLock } from '../../agent/system/lock.ts';
import { PATHS } from '../../agent/system/paths.ts';
import { fileVersion } from '../../agent/system/pe-version.ts';
import { valuePath } from '../../agent/system/registry.ts';
import { lockPath } from '../../agent/system/run-lock.ts';
import type { System } from '../../agent/system/system.ts';
import { peFile } from '../fixtures/pe-file.ts';

const AGENT = 'C:\\WindowsAzure\\Packages\\WaAppAgent.exe';
const SERVICE = 'quiesced-test';

/** What each WaAppAgent.exe is read as, and judged. */
async function agents(system: System) {
  const facts = {
    ...(await gatherFacts(system)),
    cloud: { name: 'azure' as const, imds: undefined, imdsFault: 'test' },
  };
  const programs: Readonly<Record<string, Buffer | undefined>> = {
    good: peFile('2.7.41491.1095'),
    'too old for support': peFile('2.7.41491.1009'),
    'too old for a backup': peFile('2.6.1198.717'),
    none: undefined,
    'no resource': peFile(undefined),
    garbage: Buffer.from('MZ but no program'),
  };
  mkdirSync('C:\\WindowsAzure\\Packages', { recursive: true });
  const said: Record<string, unknown> = {};
  for (const [name, bytes] of Object.entries(programs)) {
    rmSync(AGENT, { force: true });
    if (bytes !== undefined) writeFileSync(AGENT, bytes);
    const [finding] = await runChecks(system, [windowsVersionIsSupported], { facts });
    said[name] = [(await fileVersion(system, AGENT))?.product ?? null, finding?.verdict];
  }
  rmSync(AGENT, { force: true });
  return said;
}

async function services(system: System) {
  const command = '"C:\\Program Files\\x y\\z.exe" --service';
  execFileSync('sc.exe', ['create', SERVICE, 'binPath=', command, 'start=', 'auto'], { stdio: 'ignore' });
  const made = await system.services?.read(SERVICE.toUpperCase());
  execFileSync('sc.exe', ['delete', SERVICE], { stdio: 'ignore' });
  return { made, command, missing: (await system.services?.read('no such service')) ?? null };
}

async function registry({ registry }: System) {
  const key = 'HKLM\\SOFTWARE\\quiesced-test\\lists';
  await registry?.write(`${key}\\`, { type: 'sz', data: 'nameless' });
  await registry?.write(`${key}\\schön`, { type: 'dword', data: 1 });
  await registry?.write(`${key}\\below\\deeper\\x`, { type: 'dword', data: 2 });
  await registry?.write(valuePath(key, 'a\\b'), { type: 'multi-sz', data: ['one', 'zwölf'] });
  return {
    slashed: await registry?.read(valuePath(key, 'a\\b')),
    nameless: await registry?.read(`${key}\\`),
    names: [...((await registry?.names(key)) ?? [])].sort(),
    keys: await registry?.keys(key),
    none: [await registry?.keys(`${key}\\none`), await registry?.names(`${key}\\none`)],
  };
}

/** An adapter with fixed addresses, as Windows keeps its settings. */
async function adapter(system: System) {
  const key = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters\\Interfaces\\{quiesced-test}';
  const { registry } = system;
  await registry?.write(`${key}\\EnableDHCP`, { type: 'dword', data: 0 });
  await registry?.write(`${key}\\IPAddress`, { type: 'multi-sz', data: ['10.0.0.4', '10.0.0.5'] });
  await registry?.write(`${key}\\DefaultGateway`, { type: 'multi-sz', data: ['10.0.0.1'] });
  return (await windowsAdapters(system)).find(({ id }) => id === '{quiesced-test}');
}

/** What a run that died has left is told from what one that is at work still has to do. */
async function owed(system: System) {
  const { state, runtime } = PATHS.windows;
  const run = { id: 'i', kind: 'hold', taker: 'none', startedAt: '2026-11-20' };
  await system.makeDir(state, 0o700);
  await system.makeDir(runtime, 0o755);
  const path = `${state}\\owed.json`;
  await system.write(path, JSON.stringify({ schema: 1, runs: [{ bootId: 'b', run, phases: { quiesce: [] } }] }));
  const facts = await gatherFacts(system);
  const judged = async () => {
    const [finding] = await runChecks({ ...system, privileged: true }, [nothingIsOwed], { facts });
    return finding?.verdict;
  };
  const left = await judged();
  const lock = await takeLock(lockPath(system), { pid: process.pid, command: 'a test', since: 'now' });
  const atWork = await judged();
  lock.release();
  await system.remove(path);
  return { left, atWork, settled: await judged() };
}

const [, , answer = ''] = process.argv;
try {
  const system = localSystem({ env: { ...process.env, QUIESCED_TEST: '1' } });
  const { findings, facts } = await readiness(system);
  const said = {
    agents: await agents(system),
    services: await services(system),
    registry: await registry(system),
    adapter: await adapter(system),
    owed: await owed(system),
    volumes: await system.volumes?.list(),
    noDisk: (await system.disks?.start(63)) ?? null,
    facts,
    findings,
  };
  writeFileSync(answer, JSON.stringify(said));
} catch (error) {
  writeFileSync(answer, JSON.stringify({ error: String(error instanceof Error ? error.stack : error) }));
}
process.exit();
