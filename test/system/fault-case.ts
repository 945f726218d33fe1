import { setTimeout as sleep } from 'node:timers/promises';
import { holderOf } from '../../agent/system/lock.ts';
import type { Bench, Run } from './fault-bench.ts';
import { guardOf, isDead, isStopped, shutPipes, signal } from './fault-processes.ts';
import type { Process, Scenario } from './fault-scenarios.ts';
import { owesNoThaw, Watch } from './fault-watch.ts';
import { must } from './loop.ts';
import { allEnded, monotonicMs, processesOf, until, type Write } from './loop-observe.ts';

/** What is done at a fault point: from outside while its process is stopped there, or by the process to itself. */
export const ACTIONS = [
  'kill daemon',
  'kill guard',
  'kill both',
  'stop daemon',
  'stop guard',
  'close pipe',
  'ENOSPC',
  'EIO',
  'hang',
  'throw',
] as const;
export type Action = (typeof ACTIONS)[number];

export interface FaultCase {
  readonly scenario: Scenario;
  readonly point: string;
  /** Which time the run comes by it. */
  readonly pass: number;
  readonly action: Action;
  /** Who is there when it is passed. */
  readonly lives: readonly Process[];
  /** A post script runs then, or that it has run is not on record yet. */
  readonly whilePost: boolean;
  /** The guard has been let go. */
  readonly isOver: boolean;
}

/** How far somebody had to help until everything was settled. */
export const HELP = ['none', 'continued', 'told to end', 'killed', 'next start'] as const;
export type Help = (typeof HELP)[number];

/** What was seen of a case from outside. */
export interface Witnessed {
  readonly reached: boolean;
  readonly help: Help;
  /** How long a write was held back, by file system, until somebody helped. */
  readonly stallMs: number;
  /** By file system. */
  readonly writes: readonly (readonly Write[])[];
  readonly run: Run;
  /** After all of it, and the next start too. */
  readonly isFrozen: boolean;
  readonly leftRunning: readonly string[];
}

const REACH_MS = 60_000;
/** Whoever is alive and well settles everything within that, on a machine that is busy. */
const SETTLE_MS = 40_000;
const TOLD_MS = 4000;
const AGAIN_MS = 60;

/** One fault, and what comes of it. */
export async function witness(bench: Bench, one: FaultCase): Promise<Witnessed> {
  const { scenario, point, pass, action } = one;
  bench.reset();
  await scenario.prepare(bench);
  const watch = new Watch(bench);
  await bench.observer.look();
  const run = scenario.start(bench, fault(bench, `${point}#${pass}=${inside(action)}`));
  const reached = await reachedBy(bench, run);
  if (reached !== undefined) await act(one, run, reached);
  const help = reached === undefined ? await giveUp(run) : await settle(bench, scenario, run, action, watch);
  const isFrozen = !(await watch.until(() => !watch.frozen, 10_000));
  // Or else no other case could follow.
  if (isFrozen) for (const { mountPoint } of bench.mounted) await unfreeze(mountPoint);
  const leftRunning = processesOf(bench.root).map(({ pid, argv }) => `${pid} ${argv.slice(2).join(' ')}`);
  const { stallMs, writes } = watch;
  return { reached: reached !== undefined, help, stallMs, writes, run, isFrozen, leftRunning };
}

const unfreeze = (mountPoint: string): Promise<unknown> =>
  must('fsfreeze', '--unfreeze', mountPoint).catch(() => undefined);

export const fault = (bench: Bench, text: string): Readonly<Record<string, string>> => ({
  QUIESCED_TEST_FAULT: text,
  QUIESCED_TEST_FAULT_REACHED: `${bench.folder}/reached`,
});

export const isLocked = ({ root }: Bench): boolean => holderOf(`${root}/run/quiesced/lock`) !== undefined;

/** What the process does to itself. */
const inside = (action: Action): string =>
  action === 'ENOSPC' || action === 'EIO' || action === 'hang' || action === 'throw' ? action : 'stop';

/** The process that came by the point. */
async function reachedBy(bench: Bench, run: Run): Promise<number | undefined> {
  const endedAtMs = run.ended.then(monotonicMs);
  let gone = Number.POSITIVE_INFINITY;
  endedAtMs.then((atMs) => {
    gone = atMs;
  });
  await until(() => {
    // A guard or a recovery may outlive it.
    return (
      bench.read('reached').includes('\n') || (monotonicMs() > gone + 3000 && processesOf(bench.root).length === 0)
    );
  }, REACH_MS);
  const [, pid] = bench.read('reached').split(' ');
  return pid === undefined ? undefined : Number(pid);
}

/** While the process that came by is stopped, unless it deals with itself. */
async function act({ action, lives }: FaultCase, run: Run, here: number): Promise<void> {
  if (inside(action) !== 'stop') return;
  await until(() => isStopped(here) || isDead(here));
  // Who recovers in its place is the daemon then.
  const daemon = lives.includes('guard') ? run.pid : here;
  // One that was forked a moment ago does not bear its name yet.
  if (lives.includes('guard')) await until(() => (guardOf(run.pid) ?? here) !== run.pid);
  const guard = guardOf(run.pid) ?? here;
  // One that is silent beyond the deadline is ended by the daemon, maybe before that.
  if (action === 'close pipe') await shutPipes(guard).catch((error) => isDead(guard) || Promise.reject(error));
  const [name, who] = action.split(' ');
  const victims = [...(who === 'guard' ? [] : [daemon]), ...(who === 'daemon' ? [] : [guard])];
  if (name === 'stop') for (const pid of victims) signal(pid, 'SIGSTOP');
  if (name === 'kill') {
    // Both at once: neither may see the other's end.
    for (const kind of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of victims) signal(pid, kind);
  }
  if (name === 'close' || !victims.includes(here)) signal(here, 'SIGCONT');
}

async function giveUp(run: Run): Promise<Help> {
  signal(run.pid, 'SIGKILL');
  await run.ended;
  return 'none';
}

/** Waits until everything is settled, and helps no more than is needed, as somebody at the machine would. */
async function settle(bench: Bench, scenario: Scenario, run: Run, action: Action, watch: Watch): Promise<Help> {
  let help: Help = 'none';
  // One that is being started has no environment for a moment, by which it would be known, but the lock it has.
  const none = () => run.hasEnded() && processesOf(bench.root).length === 0 && !isLocked(bench);
  const gone = async () => none() && (await sleep(AGAIN_MS, true)) && none();
  const [name] = action.split(' ');
  if (name === 'stop' || name === 'hang') {
    await watch.untilAtRest(gone);
    const over = await gone();
    if (name === 'stop' && !over) {
      help = 'continued';
      for (const { pid } of processesOf(bench.root)) signal(pid, 'SIGCONT');
    } else if (!over) {
      help = 'told to end';
      signal(run.pid, 'SIGTERM');
      if (!(await until(gone, TOLD_MS))) help = 'killed';
      if (help === 'killed') signal(run.pid, 'SIGKILL');
    }
  }
  if (!(await watch.until(gone, name === 'hang' ? 8000 : SETTLE_MS))) {
    help = 'killed';
    for (const { pid } of processesOf(bench.root)) signal(pid, 'SIGKILL');
    signal(run.pid, 'SIGKILL');
    await until(gone);
  }
  await watch.look();
  if (watch.frozen || bench.has('root/var/lib/quiesced/owed.json') || !owesNoThaw(bench)) {
    watch.stop();
    await scenario.nextStart(bench).ended;
    help = 'next start';
  }
  return help;
}

/** Every pass of every point on this way, in the order in which they came. */
export async function trace(bench: Bench, scenario: Scenario): Promise<readonly Pass[]> {
  bench.reset();
  await scenario.prepare(bench);
  const run = scenario.start(bench, fault(bench, 'trace'));
  await run.ended;
  await allEnded(bench.root, SETTLE_MS);
  return bench
    .read('reached')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, point = '', pass, pid, role = ''] = /^(.*)#(\d+) (\d+) (.*)$/.exec(line) ?? [];
      return { point, pass: Number(pass), pid: Number(pid), role };
    });
}

export interface Pass {
  readonly point: string;
  readonly pass: number;
  readonly pid: number;
  readonly role: string;
}
