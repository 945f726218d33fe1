import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { loadLibc } from '../system/native.ts';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';
import type { FreezePlan, FreezeResult, Freezer, PreparedFreeze, ThawReport } from './freezer.ts';
import { type GuardConnection, startGuard } from './guard-connection.ts';
import type { GuardOrder } from './guard-protocol.ts';
import { deviceLookup, openOn } from './open.ts';
import { SAFE_FREEZE_FOLDER } from './safe-freeze-lock.ts';
import { SecondLine } from './second-line.ts';
import { devicesNamedByTest } from './selection.ts';

export const freezeJournalPath = (system: System): string => system.resolve(join(PATHS.linux.journal, 'freeze.jsonl'));

export const bootIdOf = async (system: System): Promise<string> =>
  (await system.readText('/proc/sys/kernel/random/boot_id'))?.trim() ?? '';

/** Opening devices and starting the guard's process takes about 0.2 s; a machine in trouble gets more. */
const OPEN_MS = 15_000;
/** How long after the deadline a silent guard is taken for dead. */
const SILENCE_MS = 300;
/** How long the guard may take to thaw when told to: its own patience and a little. */
const TOLD_MS = 1500;

export interface LinuxFreezerOptions {
  /** Starts the guard: this executable with its hidden command. */
  readonly guardArgv: readonly string[];
  /** Descriptor of the run's lock; the guard inherits it, so that the lock lasts as long as anything is frozen. */
  readonly lockFd?: number;
}

/** FIFREEZE and FITHAW through a guard process, with this process as the second line. */
export function linuxFreezer(system: System, log: Log, options: LinuxFreezerOptions): Freezer {
  return {
    async prepare(plan, signal) {
      await system.makeDir(PATHS.linux.journal, 0o700);
      const secondLine = await openSecondLine(system, plan);
      try {
        const guard = startGuard(options.guardArgv, system.env, plan.groups.flat().length, options.lockFd);
        await guard.open(await orderFor(system, plan), OPEN_MS, signal);
        return preparedFreeze(guard, secondLine, plan, system, log);
      } catch (error) {
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
  } catch (error) {
    for (const { fd } of opened) closeSync(fd);
    throw error;
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
    ...(testDevices === undefined ? {} : { testDevices }),
  };
}

/** What is between a guard that holds everything open and the end of the freeze, whoever brings that about. */
export function preparedFreeze(
  guard: GuardConnection,
  secondLine: SecondLine,
  plan: FreezePlan,
  system: System,
  log: Log,
): PreparedFreeze {
  const lost = new AbortController();
  const silent = new AbortController();
  let silence: NodeJS.Timeout | undefined;
  let armedAtMs: number | undefined;
  let report: Promise<ThawReport> | undefined;

  const loose = (reason: string) => {
    if (!lost.signal.aborted) lost.abort(new Error(reason));
  };
  guard.onArmed((atMs) => {
    armedAtMs = atMs;
    silence = setTimeout(() => {
      // Also ends the wait of a thaw that was asked for meanwhile.
      silent.abort();
      loose('the guard is silent');
      void finish();
    }, plan.deadlineMs + SILENCE_MS);
  });
  guard.onLost((reason) => {
    // It is alive, and thawing: what it has to say comes with the report.
    clearTimeout(silence);
    loose(reason);
  });
  guard.onDeath(() => {
    loose('the guard died');
    void finish();
  });

  const thawOnce = async (): Promise<ThawReport> => {
    const fromGuard = await guard.thaw(AbortSignal.any([silent.signal, AbortSignal.timeout(TOLD_MS)]));
    clearTimeout(silence);
    if (fromGuard !== undefined) return fromGuard;
    guard.kill();
    log.warn('the guard did not thaw; this process does', { mounts: plan.groups.flat().length });
    return secondLine.thaw(() => guard.isGone(), armedAtMs);
  };
  const finish = (): Promise<ThawReport> => {
    report ??= thawOnce().finally(() => {
      guard.bye();
      secondLine.close();
    });
    return report;
  };

  return {
    lost: lost.signal,
    async freeze(): Promise<FreezeResult> {
      const result = await guard.freeze();
      for (const { id, state } of result.fileSystems) {
        if (state === 'foreign' || state === 'failed') secondLine.leaveAlone(id);
        if (state === 'frozen') secondLine.wasFrozen(id);
      }
      return result;
    },
    async thaw() {
      try {
        return await finish();
      } catch (error) {
        const problem = { kind: 'owed' as const, message: messageOf(error) };
        return { problems: [problem], frozenMs: 0, firstThawAtMs: system.clock.monotonicMs(), steps: [] };
      }
    },
  };
}
