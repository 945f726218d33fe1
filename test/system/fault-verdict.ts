import type { Outcome } from '../../agent/snapshot/outcome.ts';
import { type Bench, DEADLINE_MS } from './fault-bench.ts';
import { type FaultCase, HELP, isLocked, type Witnessed } from './fault-case.ts';
import { type Allowed, allowedFor } from './fault-limits.ts';
import { owesNoThaw, THAW_MS } from './fault-watch.ts';
import { until, type Write } from './loop-observe.ts';

/** The clock by which files are dated ticks at 250 Hz, or slower. */
const TICK_MS = 12;

/** What was promised and is not so; empty when all of it is. */
export async function brokenPromises(bench: Bench, one: FaultCase, seen: Witnessed): Promise<readonly string[]> {
  if (!seen.reached) return [`the point was not reached: ${seen.run.stdout()}${seen.run.stderr()}`.slice(0, 2000)];
  const allowed = allowedFor(one);
  // A process that ends loses its environment, by which it is known, a moment before its locks.
  const free = await until(() => !isLocked(bench), 20_000);
  return [
    ...thawedInTime(one, seen, allowed),
    ...settled(bench, seen, allowed),
    ...(free ? [] : ['the lock is held']),
    // Who was killed by somebody impatient may have been running it.
    ...scriptsRan(bench, allowed.postMayRunTwice || seen.help === 'killed'),
    ...toldTheTruth(bench, one, seen),
  ];
}

function thawedInTime(
  { scenario }: FaultCase,
  { stallMs }: Witnessed,
  { thawByNextStart }: Allowed,
): readonly string[] {
  // A recovery finds them frozen, and its deadline has passed.
  if (scenario.name === 'recovery' || thawByNextStart) return [];
  return stallMs <= DEADLINE_MS + THAW_MS ? [] : [`frozen for ${Math.round(stallMs)} ms`];
}

function settled(bench: Bench, { help, isFrozen, leftRunning }: Witnessed, allowed: Allowed): readonly string[] {
  const broken: string[] = [];
  if (HELP.indexOf(help) > HELP.indexOf(allowed.help)) broken.push(`settled only by help: ${help}`);
  if (bench.has('root/var/lib/quiesced/owed.json')) broken.push('owed.json is left');
  if (isFrozen) broken.push('still frozen');
  if (!owesNoThaw(bench)) broken.push('a thaw is owed');
  if (bench.has('held')) broken.push('the application is still held');
  if (bench.read('expedited') !== '0\n') broken.push('rcu_expedited is not as before');
  if (leftRunning.length > 0) broken.push(`left running: ${leftRunning.join(', ')}`);
  return broken;
}

function scriptsRan(bench: Bench, postMayRunTwice: boolean): readonly string[] {
  const lines = bench.read('scripts.log').split('\n').filter(Boolean);
  const pre = lines.filter((line) => line.startsWith('pre')).length;
  const post = lines.filter((line) => line.startsWith('post')).length;
  const broken: string[] = [];
  if (pre > 1) broken.push(`pre ran ${pre} times`);
  if (pre > 0 && post === 0) broken.push('post did not run');
  if (post > (postMayRunTwice ? 2 : 1)) broken.push(`post ran ${post} times`);
  if (lines[0]?.startsWith('post') && pre > 0) broken.push('post ran before pre');
  if (lines.includes('post success') && !bench.has('take.end') && bench.has('take.begin')) {
    broken.push('the post script was told of a success that was none');
  }
  return broken;
}

/** What was printed and what is in the history, held against what was seen from outside. */
function toldTheTruth(bench: Bench, { scenario }: FaultCase, { run, writes }: Witnessed): readonly string[] {
  const printed = outcomeIn(run.stdout());
  const recorded = bench.history().at(-1);
  const broken: string[] = [];
  for (const [where, outcome] of [
    ['printed', printed],
    ['in the history', recorded],
  ] as const) {
    if (outcome === undefined) continue;
    const { consistency, wouldBe, faults } = outcome;
    const level = wouldBe ?? consistency;
    // Nobody copies there.
    const copied = scenario.name !== 'hold' && scenario.name !== 'recovery';
    const lie = copied && lieAbout(bench, level, writes);
    if (lie) broken.push(`${where} it is called ${level}, but ${lie}`);
    if (level !== 'application' && faults.length === 0) broken.push(`${where} no fault is named for ${level}`);
  }
  const [first, second] = [printed, recorded].map((outcome) => outcome?.wouldBe ?? outcome?.consistency);
  const sameRun = printed?.id === recorded?.id;
  if (printed !== undefined && recorded !== undefined && sameRun && first !== second) {
    broken.push(`printed as ${first}, recorded as ${second}`);
  }
  if (printed === undefined && run.hasEnded() && run.stdout() === '' && run.stderr() === '' && recorded === undefined) {
    // One that was killed before it began a record has nothing to tell.
    if (bench.read('scripts.log') !== '') broken.push('scripts ran, and nobody tells of it');
  }
  return broken;
}

function lieAbout(bench: Bench, level: string, writes: readonly (readonly Write[])[]): string | false {
  if (level === 'none') return false;
  const [beganMs, endedMs] = [bench.madeAtMs('take.begin'), bench.madeAtMs('take.end')];
  if (beganMs === undefined || endedMs === undefined) return 'nothing was copied';
  if (level === 'crash') return false;
  if (level === 'application' && !bench.read('scripts.log').startsWith('pre')) return 'the pre script did not run';
  const [fromMs, toMs] = [beganMs + TICK_MS, endedMs - TICK_MS];
  const written = writes.some((one) => one.some(([began, ended]) => began > fromMs && ended < toMs));
  return written && 'something was written meanwhile';
}

/** A hold says first that it holds. */
function outcomeIn(stdout: string): Outcome | undefined {
  for (const text of [stdout, ...stdout.trim().split('\n').toReversed()]) {
    try {
      const value = JSON.parse(text);
      if (typeof value.consistency === 'string') return value as Outcome;
    } catch {
      // Not all of it is JSON.
    }
  }
  return undefined;
}
