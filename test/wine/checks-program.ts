/** Runs on Windows (Wine): the readers that checks have there, on what is made for them, and then every check there is. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readiness } from '../../agent/checks/report.ts';
import { runChecks } from '../../agent/checks/run.ts';
import { windowsVersionIsSupported } from '../../agent/checks/vm-agent-runtime.ts';
import { gatherFacts } from '../../agent/system/facts.ts';
import { localSystem } from '../../agent/system/local.ts';
import { fileVersion } from '../../agent/system/pe-version.ts';
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
  return {
    nameless: await registry?.read(`${key}\\`),
    names: await registry?.names(key),
    keys: await registry?.keys(key),
    none: [await registry?.keys(`${key}\\none`), await registry?.names(`${key}\\none`)],
  };
}

const [, , answer = ''] = process.argv;
try {
  const system = localSystem({ env: { ...process.env, QUIESCED_TEST: '1' } });
  const { findings, facts } = await readiness(system);
  const said = {
    agents: await agents(system),
    services: await services(system),
    registry: await registry(system),
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
