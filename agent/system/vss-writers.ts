import { GUID } from './guid.ts';
import type { System } from './system.ts';
import { system32Program } from './system32.ts';

/** An application that VSS has flush and hold still. */
export interface VssWriter {
  /** Its class, `{e8132975-6f93-4464-a53e-1050253ae220}`, in lower case. */
  readonly id: string;
  readonly name: string;
  /** VSS_WRITER_STATE of vss.h. */
  readonly state: number;
}

/** What VSS says of all of them; `undefined` where it could not be asked, and why. */
export interface VssWriters {
  readonly writers: readonly VssWriter[] | undefined;
  readonly fault: string;
}

/** Each writer is asked for its files, which on a busy machine takes longer than anything else here. */
export const WRITERS_MS = 60_000;
const GUIDS = new RegExp(GUID, 'gi');

export async function askWriters(system: System, timeoutMs: number): Promise<VssWriters> {
  const argv = [system32Program(system, 'vssadmin.exe'), 'list', 'writers'];
  const { ended, exitCode, stdout } = await system.run(argv, { timeoutMs });
  if (ended === 'not-found') return { writers: undefined, fault: 'there is no vssadmin' };
  if (ended !== 'exited' || exitCode !== 0) {
    const how = ended === 'exited' ? `ended with ${exitCode}` : 'did not answer in time';
    return { writers: undefined, fault: `vssadmin ${how}` };
  }
  const writers = parseWriters(stdout);
  return writers.length === 0 ? { writers: undefined, fault: 'vssadmin names no writer' } : { writers, fault: '' };
}

/**
 * A block a writer: its name in quotes, two GUIDs (its class, this instance), the number of its state in brackets. The
 * words around them are in the language of the system, and so is the last error, which therefore is not read.
 */
export function parseWriters(output: string): readonly VssWriter[] {
  return output.split(/(?:\r?\n[ \t]*){2,}/).flatMap((block) => {
    const [id] = block.match(GUIDS) ?? [];
    const state = /:\s*\[(\d+)\]/.exec(block)?.[1];
    if (id === undefined || state === undefined) return [];
    const [name = id] = block.split('\n').flatMap((line) => /^[^'"]*['"](.*)['"]$/.exec(line.trimEnd())?.[1] ?? []);
    return [{ id: id.toLowerCase(), name, state: Number(state) }];
  });
}

/** VSS_WRITER_STATE: 1 is stable, up to 5 it waits for what a snapshot does next, all others are failures. */
const STABLE = 1;
const LAST_WAITING = 5;

export const isStable = ({ state }: VssWriter): boolean => state === STABLE;
export const hasFailed = ({ state }: VssWriter): boolean => state < STABLE || state > LAST_WAITING;

/** Known ones by their class, and whom to restart. */
export const KNOWN_WRITERS = {
  system: { id: '{e8132975-6f93-4464-a53e-1050253ae220}', name: 'System Writer', service: 'CryptSvc' },
  registry: { id: '{afbab4a2-367d-4d15-a586-71dbb18f8485}', name: 'Registry Writer', service: 'VSS' },
  wmi: { id: '{a6ad56c2-b509-4e6c-bb19-49d8f43532f0}', name: 'WMI Writer', service: 'Winmgmt' },
  asr: { id: '{be000cbe-11fe-4426-9c58-531aa6355fc4}', name: 'ASR Writer', service: 'VSS' },
  sql: { id: '{a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}', name: 'SqlServerWriter', service: 'SQLWriter' },
  com: { id: '{542da469-d3e1-473c-9f4f-7847f01fc64f}', name: 'COM+ REGDB Writer', service: 'VSS' },
  optimization: {
    id: '{4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f}',
    name: 'Shadow Copy Optimization Writer',
    service: 'VSS',
  },
  bits: { id: '{4969d978-be47-48b0-b100-f328f07ac1e0}', name: 'BITS Writer', service: 'BITS' },
  search: { id: '{cd3f2362-8bef-46c7-9181-d62844cdc062}', name: 'MSSearch Service Writer', service: 'WSearch' },
  iis: { id: '{59b1f0cf-90ef-465f-9609-6ca8b2938366}', name: 'IIS Metabase Writer', service: 'IISADMIN' },
  iisConfig: { id: '{2a40fd15-dfca-4aa8-a654-1f8c654603f6}', name: 'IIS Config Writer', service: 'AppHostSvc' },
  hyperV: { id: '{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}', name: 'Microsoft Hyper-V VSS Writer', service: 'vmms' },
  ntds: { id: '{b2014c9e-8711-4c5c-a5a9-3cf384484757}', name: 'NTDS', service: 'NTDS' },
  dhcp: { id: '{be9ac81e-3619-421f-920f-4c6fea9e93ad}', name: 'Dhcp Jet Writer', service: 'DHCPServer' },
} as const;

const serviceOf = ({ id }: VssWriter): string | undefined =>
  Object.values(KNOWN_WRITERS).find((known) => known.id === id)?.service;

/** `System Writer [9]` */
export const nameAndState = ({ name, state }: VssWriter): string => `${name} [${state}]`;

/** What to do about these: a remedy. */
export function restarting(writers: readonly VssWriter[]): string {
  const services = [...new Set(writers.flatMap((writer) => serviceOf(writer) ?? []))];
  const unknown = writers.filter((writer) => serviceOf(writer) === undefined).map(({ name }) => name);
  const commands = services.map((service) => `$ powershell Restart-Service ${service}`);
  return [
    unknown.length === 0
      ? 'Restart the services that they are part of:'
      : `Restart the services that they are part of, and the application of ${unknown.join(', ')}:`,
    ...commands,
    '$ vssadmin list writers',
  ].join('\n');
}
