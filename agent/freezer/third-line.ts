import { randomUUID } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import type { Log } from '../log.ts';
import type { RunResult, System } from '../system/system.ts';

/** Somebody outside of our processes who thaws when none of them can: the last line but the next start. */
export interface ThirdLine {
  /**
   * Just before the flush and the freeze. Settles within about 2 s and never throws: a freeze without it is as safe as
   * any on a machine without systemd. Returns what is wrong with it, for the outcome.
   *
   * @param deadlineMs as the guard gets it; counts from the first FIFREEZE, which the flush may put off by a minute.
   */
  arm(deadlineMs: number): Promise<string | undefined>;
  /** Once nothing is frozen any more. Best effort, never throws; does nothing unless it is armed. */
  disarm(): Promise<void>;
}

const LIMIT_MS = 2000;
/** Node needs up to 2.6 s to start on a slow machine (emulated, measured). */
const HEAD_START_MS = 2000;

/**
 * A timer of systemd's that starts `argv` shortly before the deadline, in a unit of its own: whatever happens to the
 * control group of our service does not concern it. There is none where systemd does not run.
 *
 * @param argv this executable with its hidden command `thaw-overdue`; gets the monotonic time of the arming and the
 * deadline, both in milliseconds.
 */
export function systemdThirdLine(system: System, log: Log, argv: readonly string[]): ThirdLine {
  let unit: string | undefined;
  let arming: Promise<string | undefined> | undefined;

  const start = async (deadlineMs: number): Promise<string | undefined> => {
    // sd_booted(3)
    if ((await system.stat('/run/systemd/system')) === undefined) return undefined;
    unit = `quiesced-thaw-${randomUUID().slice(0, 8)}`;
    const armed = [...argv, String(Math.floor(system.clock.monotonicMs())), String(deadlineMs)];
    await faultPoint('third-line.arm.before');
    const result = await system.run(timerArgv(unit, deadlineMs, armed), { timeoutMs: LIMIT_MS });
    await faultPoint('third-line.arm.after');
    return whatFailed(result);
  };
  const arm = async (deadlineMs: number): Promise<string | undefined> => {
    const why = await start(deadlineMs).catch(messageOf);
    if (why === undefined) return undefined;
    const warning = `no timer of systemd's stands behind the thaw: ${why}`;
    log.warn(warning);
    return warning;
  };

  return {
    arm(deadlineMs) {
      arming = arm(deadlineMs);
      return arming;
    },
    async disarm() {
      await arming;
      if (unit === undefined) return;
      const timer = `${unit}.timer`;
      unit = undefined;
      // One that has elapsed is gone already. What it started finds that nothing is owed, and ends.
      await stop(system, timer).catch(() => undefined);
    },
  };
}

/**
 * It comes early, since Node has to start, and decides by the record when the time has come: systemd-run(1). Nothing
 * of it writes, neither to the journal, whose files may be frozen, nor anywhere else.
 */
const timerArgv = (unit: string, deadlineMs: number, argv: readonly string[]): readonly string[] => [
  'systemd-run',
  '--quiet',
  '--no-ask-password',
  '--collect',
  `--unit=${unit}`,
  '--description=Thaws what quiesced froze, if nobody else can',
  `--on-active=${Math.round(deadlineMs - Math.min(HEAD_START_MS, deadlineMs / 2))}ms`,
  '--timer-property=AccuracySec=10ms',
  // A shutdown must not take it away while something is frozen.
  '--timer-property=DefaultDependencies=no',
  '--property=DefaultDependencies=no',
  '--property=StandardOutput=null',
  '--property=StandardError=null',
  '--property=OOMScoreAdjust=-900',
  // It may come to run post scripts: in control groups of their own, and what they leave running is left running.
  '--property=Delegate=yes',
  '--property=KillMode=process',
  '--',
  ...argv,
];

async function stop(system: System, timer: string): Promise<void> {
  await faultPoint('third-line.disarm.before');
  await system.run(['systemctl', 'stop', '--no-block', timer], { timeoutMs: LIMIT_MS });
  await faultPoint('third-line.disarm.after');
}

function whatFailed({ ended, exitCode, stderr }: RunResult): string | undefined {
  if (ended === 'exited' && exitCode === 0) return undefined;
  if (ended === 'timed-out') return `systemd-run took longer than ${LIMIT_MS / 1000} s`;
  const how = ended === 'exited' ? `exit code ${exitCode}` : ended;
  return `systemd-run: ${stderr.trim().split('\n')[0] || how}`;
}
