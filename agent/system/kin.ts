import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.ts';
import { type Cgroup, pidsInCgroup } from './cgroup.ts';
import type { System } from './system.ts';

/** Set for every program; whoever it starts inherits it, unless it cleans its environment. */
export const MARK_VARIABLE = 'QUIESCED_RUN';

/** SIGKILL does not reach a process that hangs in the kernel: after this long we stop asking. */
const KILL_MS = 500;
const LOOK_AGAIN_MS = 20;
/** Where a look takes that long by itself: nobody hangs who was killed a moment ago. */
const LEAST_LOOKS = 5;

/** Reading an environment waits for the process's memory map, which one that hangs may hold for ever. */
const ENVIRON_MS = 200;

/** A program that was started, and all by which those who came of it are known again. */
export interface Ancestor {
  /**
   * Leader of its own process group and session. Undefined once the last of the group has gone: from then on the
   * number may be somebody else's.
   */
  readonly leader: number | undefined;
  /** Value of `QUIESCED_RUN`. */
  readonly mark: string;
  /** See `ProcessStat.started`: nobody older can be of its kin. 0 when it is not known. */
  readonly started: number;
  readonly cgroup: (Pick<Cgroup, 'pids'> & Partial<Pick<Cgroup, 'killAll'>>) | undefined;
}

/** A line of /proc/PID/stat, as far as we need it: proc_pid_stat(5). */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Since boot, in clock ticks. */
  readonly started: number;
  readonly dead: boolean;
}

/**
 * SIGTERM to the program and all its kin, SIGKILL to those that are left after `graceMs`. Returns the processes that
 * would not die, 1.5 s after that at the latest. Kin are found by process group, session, cgroup, parent and the mark
 * in their environment; only who leaves all five gets away.
 */
export async function endKin(system: System, ancestor: Ancestor, graceMs: number): Promise<readonly number[]> {
  const look = lookout(system, ancestor);
  signalGroup(ancestor, 'SIGTERM');
  const strayed = (await look()).filter(({ group }) => group !== ancestor.leader);
  for (const { pid } of strayed) signal(pid, 'SIGTERM');
  if ((await waitForNone(system, look, graceMs, () => undefined)).length === 0) return [];
  const kill = (pids: readonly number[]) => {
    signalGroup(ancestor, 'SIGKILL');
    ancestor.cgroup?.killAll?.();
    for (const pid of pids) signal(pid, 'SIGKILL');
  };
  return waitForNone(system, look, KILL_MS, kill, LEAST_LOOKS);
}

/**
 * `endKin` for a program that a process started which is dead by now: all that is known of it is its mark. Finds nobody
 * after a reboot, and nobody on Windows, where a process does not show its environment.
 */
export async function endMarked(system: System, mark: string, graceMs: number): Promise<readonly number[]> {
  if (system.platform !== 'linux' || !system.live) return [];
  const cgroup = { pids: () => pidsInCgroup(system, mark) };
  return endKin(system, { leader: undefined, mark, started: 0, cgroup }, graceMs);
}

/** Again and again, because a process may start another between our look and its end. */
async function waitForNone(
  system: System,
  look: () => Promise<readonly ProcessStat[]>,
  ms: number,
  onSome: (pids: readonly number[]) => void,
  leastLooks = 1,
): Promise<readonly number[]> {
  const until = system.clock.monotonicMs() + ms;
  for (let looks = 1; ; looks += 1) {
    const pids = (await look()).map(({ pid }) => pid);
    if (pids.length === 0) return [];
    onSome(pids);
    if (looks >= leastLooks && system.clock.monotonicMs() >= until) return pids;
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Finds those of the program and its kin that are alive now. */
export function lookout(system: System, ancestor: Ancestor): () => Promise<readonly ProcessStat[]> {
  const marked = markReader(system, ancestor.mark);
  return async () => {
    const all = readProcesses(system).filter(({ pid, dead }) => !dead && pid !== process.pid);
    const inGroup = new Set(ancestor.cgroup?.pids());
    const suspects = all.filter(({ pid, started }) => started >= ancestor.started && !inGroup.has(pid));
    return kinOf(all, ancestor.leader, [...inGroup, ...(await marked(suspects))]);
  };
}

/** The leader's group and session, those known otherwise, and the children of all of them. */
export function kinOf(
  all: readonly ProcessStat[],
  leader: number | undefined,
  known: readonly number[],
): readonly ProcessStat[] {
  const kin = new Set(all.filter((one) => known.includes(one.pid) || isKin(one, leader)));
  const pids = new Set([...kin].map(({ pid }) => pid));
  for (let before = -1; before !== kin.size; ) {
    before = kin.size;
    for (const one of all.filter(({ parent }) => pids.has(parent))) {
      kin.add(one);
      pids.add(one.pid);
    }
  }
  return [...kin];
}

const isKin = ({ pid, group, session }: ProcessStat, leader: number | undefined): boolean =>
  pid === leader || group === leader || session === leader;

/** Names of programs hold blanks and brackets, so the fields are counted from the last bracket. */
export function parseStat(text: string): ProcessStat | undefined {
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const pid = Number.parseInt(text, 10);
  if (state === undefined || fields.length < 19 || Number.isNaN(pid)) return undefined;
  const [parent, group, session] = fields.map(Number) as [number, number, number];
  return { pid, parent, group, session, started: Number(fields[18]), dead: /[ZXx]/.test(state) };
}

/** When a process started; undefined where /proc does not tell. */
export const startOf = (system: System, pid: number): number | undefined => readProcess(system, pid)?.started;

/** Init is left out: its children are everybody. */
const readProcesses = (system: System): readonly ProcessStat[] =>
  procFolder(system).flatMap((name) => {
    const pid = Number(name);
    const stat = pid > 1 ? readProcess(system, pid) : undefined;
    return stat === undefined ? [] : [stat];
  });

function readProcess(system: System, pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(system.resolve(`/proc/${pid}/stat`), 'utf8'));
  } catch {
    return undefined; // It ended while we looked.
  }
}

const procFolder = (system: System): readonly string[] => {
  try {
    return readdirSync(system.resolve('/proc')).filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // No /proc: the process group must do.
  }
};

/**
 * Which of the processes carry the mark. Each is asked once: nobody comes by the mark later on. One at a time, and no
 * more after one that does not answer, because that one holds a thread of the pool for as long as it hangs.
 */
function markReader(system: System, mark: string): (suspects: readonly ProcessStat[]) => Promise<readonly number[]> {
  const line = `${MARK_VARIABLE}=${mark}`;
  const answers = new Map<string, boolean>();
  let hung = false;
  return async (suspects) => {
    for (const { pid, started } of suspects) {
      if (hung || answers.has(`${pid} ${started}`)) continue;
      const environ = await orUndefined(readFile(system.resolve(`/proc/${pid}/environ`), 'utf8'), ENVIRON_MS);
      hung = environ === undefined;
      answers.set(`${pid} ${started}`, environ?.split('\0').includes(line) ?? false);
    }
    return suspects.filter(({ pid, started }) => answers.get(`${pid} ${started}`)).map(({ pid }) => pid);
  };
}

/** Empty when it cannot be read, undefined when that takes too long. */
const orUndefined = (reading: Promise<string>, ms: number): Promise<string | undefined> => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(resolve, ms, undefined);
  reading.then(resolve, () => resolve('')).finally(() => clearTimeout(timer));
  return promise;
};

/** Whether anybody is left in the process group: kill(2). */
export function hasGroup(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

function signalGroup({ leader }: Ancestor, name: NodeJS.Signals): void {
  if (leader !== undefined) signal(-leader, name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}
