import { runningServices, SQL_SERVER } from '../system/running-services.ts';
import type { System } from '../system/system.ts';
import {
  askWriters,
  hasFailed,
  isStable,
  KNOWN_WRITERS,
  nameAndState,
  restarting,
  type VssWriters,
  WRITERS_MS,
} from '../system/vss-writers.ts';
import { type Check, fail, pass, type Result, skip, warn } from './check.ts';
import { VSS } from './limits.ts';

/** Asked once a run, for both checks. */
const gatherWriters = (system: System): Promise<VssWriters> => askWriters(system, WRITERS_MS);

export const writersAreStable: Check = {
  id: 'vss.writers',
  group: 'windows',
  title: 'Every VSS writer is stable',
  platforms: ['windows'],
  needsRoot: true,
  dependsOn: ['vss.service'],
  timeoutMs: WRITERS_MS + 5000,
  source: VSS.source,
  async run(_system, { evidence }) {
    return judgeWriters(await evidence(gatherWriters));
  },
};

export function judgeWriters({ writers, fault }: VssWriters): Result {
  if (writers === undefined) return skip(`the writers could not be asked: ${fault}`);
  const failed = writers.filter(hasFailed);
  if (failed.length > 0) return fail(`failed: ${failed.map(nameAndState).join(', ')}`, restarting(failed));
  const waiting = writers.filter((writer) => !isStable(writer));
  if (waiting.length === 0) return pass(`${writers.length}, all stable`);
  return warn(
    `waiting, as while a backup runs: ${waiting.map(nameAndState).join(', ')}`,
    `Look again in ten minutes. Those that still wait then:\n${restarting(waiting)}`,
  );
}

export const writersAreThere: Check = {
  id: 'vss.writers-missing',
  group: 'windows',
  title: 'No VSS writer is missing',
  platforms: ['windows'],
  needsRoot: true,
  dependsOn: ['vss.service'],
  timeoutMs: WRITERS_MS + 5000,
  source: VSS.source,
  async run(system, { evidence }) {
    const [asked, sql] = await Promise.all([evidence(gatherWriters), runningServices(system, SQL_SERVER)]);
    return judgeMissing(asked, sql.length > 0);
  },
};

export function judgeMissing({ writers, fault }: VssWriters, sql: boolean): Result {
  if (writers === undefined) return skip(`the writers could not be asked: ${fault}`);
  const { system, registry, wmi, asr } = KNOWN_WRITERS;
  const expected = [system, registry, wmi, asr, ...(sql ? [KNOWN_WRITERS.sql] : [])];
  const missing = expected.filter(({ id }) => !writers.some((writer) => writer.id === id));
  if (missing.length === 0) return pass(`${expected.length} that must be there are`);
  return warn(
    `not there: ${missing.map(({ name }) => name).join(', ')}: what they stand for is not brought to rest`,
    `Restart the services that they are part of:\n${[...new Set(missing.map(({ service }) => service))].map((service) => `$ powershell Restart-Service ${service}`).join('\n')}`,
  );
}
