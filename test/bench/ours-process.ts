import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FreezePlan, FreezeResult, ThawReport } from '../../agent/freezer/freezer.ts';
import { linuxFreezer } from '../../agent/freezer/linux.ts';
import { readFileSystems } from '../../agent/freezer/mounts.ts';
import { silentLog } from '../../agent/log.ts';
import { localSystem } from '../../agent/system/local.ts';

/**
 * The process that ours.ts starts: one freeze and thaw for each line on stdin, one line of JSON each.
 *   ours-process.ts MOUNT...
 */
const system = localSystem();
const freezer = linuxFreezer(system, silentLog, {
  guardArgv: [process.execPath, join(import.meta.dirname, 'ours-guard.ts')],
});

const plan = await planFor(process.argv.slice(2));
answer({ ready: true });
for await (const _ of createInterface({ input: process.stdin })) answer(await freezeAndThaw());

/** One group: loop devices on one disk do not stand on each other. */
async function planFor(mountPoints: readonly string[]): Promise<FreezePlan> {
  const all = await readFileSystems(system);
  const group = all.filter(({ mountPoint }) => mountPoints.includes(mountPoint));
  if (group.length !== mountPoints.length) throw new Error(`not all mounted: ${mountPoints.join(', ')}`);
  return { groups: [group], deadlineMs: 10_000, expedite: true };
}

async function freezeAndThaw(): Promise<object> {
  const beganMs = system.clock.monotonicMs();
  const prepared = await freezer.prepare(plan, AbortSignal.timeout(30_000));
  const preparedMs = system.clock.monotonicMs();
  let frozen: FreezeResult | undefined;
  let thawed: ThawReport;
  try {
    frozen = await prepared.freeze();
  } finally {
    thawed = await prepared.thaw();
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
    preparedMs,
    endedMs: system.clock.monotonicMs(),
    steps: [...frozen.steps, ...thawed.steps],
    ...(problems.length === 0 ? {} : { error: problems.join('; ') }),
  };
}

function answer(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
