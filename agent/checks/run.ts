import { messageOf } from '../errors.ts';
import { redact } from '../redact.ts';
import { type Facts, gatherFacts } from '../system/facts.ts';
import type { System } from '../system/system.ts';
import { explainedBy } from './azure-explained.ts';
import { type Check, type CheckContext, type Finding, type Result, skip, type Verdict } from './check.ts';
import { SharedDeadline } from './deadline.ts';

export interface RunOptions {
  /** Those of this machine when left out. */
  readonly facts?: Facts;
  readonly restoringTo?: CheckContext['restoringTo'];
  readonly self?: CheckContext['self'];
  /** Called with each finding as soon as it is known, in any order. */
  readonly onFinding?: (finding: Finding) => void;
}

const DEADLINE_MS = 5000;

/**
 * Runs the checks of this platform, all at once, each with its own deadline (`SharedDeadline`). Findings come in the order of the list.
 * Never throws for what a check does: one that crashes or does not answer is itself a finding, `error`.
 */
export async function runChecks(
  system: System,
  checks: readonly Check[],
  options: RunOptions = {},
): Promise<readonly Finding[]> {
  const context = newContext(system, options.facts ?? (await gatherFacts(system)), options);
  const here = checks.filter(({ platforms }) => platforms === undefined || platforms.includes(system.platform));
  const deadlines = new SharedDeadline();
  const observed = new Map(here.map((check) => [check.id, observe(system, check, context, deadlines)]));
  return Promise.all(
    here.map(async (check) => {
      const own = await (observed.get(check.id) as Promise<Observed>);
      const causes = await Promise.all(ancestors(check, here).map((id) => observed.get(id)));
      const finding = asConsequence(
        own,
        causes.filter((cause) => cause !== undefined),
      );
      options.onFinding?.(finding);
      return finding;
    }),
  );
}

/** A context for one run; also for a test of a single check. */
export function newContext(
  system: System,
  facts: Facts,
  { restoringTo, self }: Pick<RunOptions, 'restoringTo' | 'self'> = {},
): CheckContext {
  const gathered = new Map<unknown, Promise<unknown>>();
  const context: CheckContext = {
    facts,
    restoringTo,
    self,
    evidence<T>(gather: (system: System, context: CheckContext) => Promise<T>): Promise<T> {
      const known = gathered.get(gather) ?? gather(system, context);
      gathered.set(gather, known);
      return known as Promise<T>;
    },
  };
  return context;
}

/** A finding, and whether it hides those of the checks that depend on it. */
export interface Observed {
  readonly finding: Finding;
  readonly hidesDependants: boolean;
}

async function observe(
  system: System,
  check: Check,
  context: CheckContext,
  deadlines: SharedDeadline,
): Promise<Observed> {
  const startMs = system.clock.monotonicMs();
  const result = await answerOf(system, check, context, deadlines);
  const remedy = result.remedy;
  const source = result.source ?? check.source;
  const explains = explainedBy(check.id);
  return {
    finding: {
      id: check.id,
      group: check.group,
      title: check.title,
      verdict: result.verdict,
      detail: redact(result.detail),
      ...(remedy === undefined ? {} : { remedy: redact(remedy) }),
      ...(source === undefined ? {} : { source }),
      ...(explains.length === 0 ? {} : { explains }),
      durationMs: Math.round(system.clock.monotonicMs() - startMs),
    },
    hidesDependants: result.verdict === 'fail' || result.hidesDependants === true,
  };
}

type AnyResult = Omit<Result, 'verdict'> & { readonly verdict: Verdict };

async function answerOf(
  system: System,
  check: Check,
  context: CheckContext,
  deadlines: SharedDeadline,
): Promise<AnyResult> {
  // What programs and /proc tell is about the machine that we run on, not about the disk that is looked at.
  if (!system.live && check.offline !== true) return skip('judges a running machine only');
  if (check.needsRoot === true && !system.privileged) return skip('needs root');
  try {
    return await deadlines.within(check.timeoutMs ?? DEADLINE_MS, check.run(system, context));
  } catch (error) {
    return { verdict: 'error', detail: messageOf(error) };
  }
}

/** All that a check depends on, also through others, those nearest to the root cause first. */
export function ancestors(check: Check, checks: readonly Check[], seen: readonly string[] = []): readonly string[] {
  const found: string[] = [];
  for (const id of check.dependsOn ?? []) {
    const parent = checks.find((candidate) => candidate.id === id);
    // A circle cannot be released (a test of the list says so), and must not hang us either.
    if (parent === undefined || seen.includes(id)) continue;
    found.push(...ancestors(parent, checks, [...seen, check.id]), id);
  }
  return [...new Set(found)];
}

/** The finding as it stands, or hidden behind the first cause that explains it. */
export function asConsequence({ finding }: Observed, causes: readonly Observed[]): Finding {
  const cause = causes.find(({ hidesDependants }) => hidesDependants)?.finding;
  if (cause === undefined) return finding;
  const { id, group, title, durationMs } = finding;
  const detail = cause.verdict === 'fail' ? `because ${cause.id} failed` : `does not matter here: see ${cause.id}`;
  return { id, group, title, verdict: 'skip', detail, durationMs, hiddenBy: cause.id };
}
