import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FreezePlan, FreezeResult, PreparedFreeze, ThawReport } from '../../agent/freezer/freezer.ts';
import { linuxFreezer } from '../../agent/freezer/linux.ts';
import { readFileSystems } from '../../agent/freezer/mounts.ts';
import { silentLog } from '../../agent/log.ts';
import { localSystem } from '../../agent/system/local.ts';

/**
 * The process that ours.ts starts. On stdin come `prepare` (opens everything, starts the guard) and `run` (freezes and
 * thaws), line by line in turn; each is answered with one line of JSON.
 *   ours-process.ts MOUNT...
 */
const system = localSystem();
const freezer = linuxFreezer(system, silentLog, {
  guardArgv: [process.execPath, join(import.meta.dirname, 'ours-guard.ts')],
});

const plan = await planFor(process.argv.slice(2));
answer({ ready: true });
let prepared: PreparedFreeze | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'prepare') {
    prepared = await freezer.prepare(plan, AbortSignal.timeout(120_000));
    answer({ prepared: true });
  } else if (prepared !== undefined) answer(await freezeAndThaw(prepared));
}

/** One group: loop devices on one disk do not stand on each other. A deadline that no disk is too slow for. */
async function planFor(mountPoints: readonly string[]): Promise<FreezePlan> {
  const all = await readFileSystems(system);
  const group = all.filter(({ mountPoint }) => mountPoints.includes(mountPoint));
  if (group.length !== mountPoints.length) throw new Error(`not all mounted: ${mountPoints.join(', ')}`);
  return { groups: [group], deadlineMs: 60_000, expedite: true };
}

async function freezeAndThaw(prepared: PreparedFreeze): Promise<object> {
  const beganMs = system.clock.monotonicMs();
  let frozen: FreezeResult | undefined;
  let thawed: ThawReport;
  try {
    frozen = await prepared.freeze();
  } finally {
    thawed = await prepared.thaw();
    await prepared.end();
  }
  const problems = [
    ...frozen.fileSystems
      .filter(({ state }) => state !== 'frozen')
      .map(({ mountPoint, state }) => `${mountPoint} ${state}`),
    ...thawed.problems.map(({ kind, message }) => `${kind}: ${message}`),
  ];
  return {
    windowMs: thawed.frozenMs,
    beganMs,
    endedMs: system.clock.monotonicMs(),
    steps: [...frozen.steps, ...thawed.steps],
    ...(problems.length === 0 ? {} : { error: problems.join('; ') }),
  };
}

function answer(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
