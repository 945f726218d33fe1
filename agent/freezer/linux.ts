import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import type { Log } from '../log.ts';
import { loadLibc } from '../system/native.ts';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';
import type { FreezePlan, Freezer } from './freezer.ts';
import { type GuardConnection, startGuard } from './guard-connection.ts';
import type { GuardOrder } from './guard-protocol.ts';
import { GuardedFreeze } from './guarded-freeze.ts';
import { deviceLookup, openOn } from './open.ts';
import { SAFE_FREEZE_FOLDER } from './safe-freeze-lock.ts';
import { SecondLine } from './second-line.ts';
import { devicesNamedByTest } from './selection.ts';
import type { ThirdLine } from './third-line.ts';

export const freezeJournalPath = (system: System): string => system.resolve(join(PATHS.linux.journal, 'freeze.jsonl'));

export const bootIdOf = async (system: System): Promise<string> =>
  (await system.readText('/proc/sys/kernel/random/boot_id'))?.trim() ?? '';

/** Opening devices and starting the guard's process takes about 0.2 s, where each is slow 15 s and more. Nothing is frozen. */
const OPEN_MS = 45_000;

export interface LinuxFreezerOptions {
  /** Starts the guard: this executable with its hidden command. */
  readonly guardArgv: readonly string[];
  /** Descriptor of the run's lock; the guard inherits it, so that the lock lasts as long as anything is frozen. */
  readonly lockFd?: number | undefined;
  /** Without it nobody thaws when the guard and this process are both dead or stopped. */
  readonly thirdLine?: ThirdLine;
}

/** FIFREEZE and FITHAW through a guard process, with this process as the second line. */
export function linuxFreezer(system: System, log: Log, options: LinuxFreezerOptions): Freezer {
  return {
    async prepare(plan, signal, previous) {
      await faultPoint('freeze-record.folder.before');
      await system.makeDir(PATHS.linux.journal, 0o700);
      await faultPoint('freeze-record.folder.after');
      const secondLine = await openSecondLine(system, plan);
      let guard: GuardConnection | undefined;
      try {
        const order = await orderFor(system, plan);
        await faultPoint('guard.start.before');
        guard = startGuard(options.guardArgv, system.env, plan.groups.flat().length, options.lockFd);
        // Without a moment between: one that has not been told anything yet notices our death as well.
        if (previous instanceof GuardedFreeze) await previous.handOver(guard);
        await faultPoint('guard.open.before');
        await guard.open(order, OPEN_MS, signal);
        await faultPoint('guard.start.after');
        return new GuardedFreeze({ guard, secondLine, thirdLine: options.thirdLine, plan, clock: system.clock, log });
      } catch (error) {
        // It holds the lock too, for as long as it lives. One that has taken over watches until the end of `previous`.
        if (previous === undefined) guard?.kill();
        secondLine.close();
        throw error;
      }
    },
  };
}

async function openSecondLine(system: System, plan: FreezePlan): Promise<SecondLine> {
  const deviceOf = deviceLookup();
  const opened: { id: string; mountPoint: string; fd: number }[] = [];
  try {
    for (const fileSystem of plan.groups.flat()) opened.push({ ...fileSystem, fd: openOn(fileSystem, deviceOf) });
  } catch (cause) {
    for (const { fd } of opened) closeSync(fd);
    throw new UserError('freeze.cannot-open', `a file system cannot be opened to freeze it: ${messageOf(cause)}`, {
      remedy: 'If it is not part of the backup, leave it out: [freeze] exclude, or --mount for the others.',
      cause,
    });
  }
  return new SecondLine(opened, await loadLibc(), system.clock, freezeJournalPath(system), await bootIdOf(system));
}

async function orderFor(system: System, plan: FreezePlan): Promise<GuardOrder> {
  const testDevices = devicesNamedByTest(system.env);
  return {
    groups: plan.groups.map((group) =>
      group.map(({ id, mountPoint, mountPoints }) => ({ id, mountPoint, mountPoints })),
    ),
    deadlineMs: plan.deadlineMs,
    expedite: plan.expedite,
    journalPath: freezeJournalPath(system),
    bootId: await bootIdOf(system),
    safeFreezeFolder: system.resolve(SAFE_FREEZE_FOLDER),
    daemonPid: process.pid,
    ...(testDevices === undefined ? {} : { testDevices }),
  };
}
