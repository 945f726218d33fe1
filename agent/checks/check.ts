import type { Facts } from '../system/facts.ts';
import type { Platform, System } from '../system/system.ts';

/** What a check may say of the machine. */
export type Answer = 'pass' | 'info' | 'warn' | 'fail' | 'skip';
/** What a finding may say: `error` is a check that crashed or gave no answer in time. */
export type Verdict = Answer | 'error';

/** The groups of a report, in the order in which it shows them. */
export const GROUPS = {
  os: 'Operating system',
  agent: 'VM agent',
  network: 'Network and proxy',
  storage: 'Storage and file systems',
  encryption: 'Encryption',
  apps: 'Applications and scripts',
  windows: 'Windows VSS',
  restore: 'Restore and boot',
  other: 'Other software',
} as const;
export type Group = keyof typeof GROUPS;

/**
 * One question about the machine. It only looks: it changes nothing, and asks the machine through `System` alone.
 *
 * All checks of a run start together, so `run` may not count on another one's effects. It may take its time up to the
 * deadline and is abandoned there; anything that can block in the kernel belongs in a program (`system.run`).
 */
export interface Check {
  /** `group.name` in kebab-case, as in the catalogue. Never changes once released. */
  readonly id: string;
  readonly group: Group;
  /** The good state, as a short statement: it stands behind the mark when the check passes. */
  readonly title: string;
  /** All of them when left out; elsewhere the check does not exist. */
  readonly platforms?: readonly Platform[];
  /** Skipped without root: it would only see closed doors. */
  readonly needsRoot?: true;
  /** Looks at files alone, so that it can judge a disk whose system does not run: `check --root`. */
  readonly offline?: true;
  /** Groups that it is asked for with too: what decides a restore is not all in `restore`. */
  readonly alsoIn?: readonly Group[];
  /** Checks whose failure explains this one's: then it is hidden, and neither shown nor counted. */
  readonly dependsOn?: readonly string[];
  readonly timeoutMs?: number;
  /** Where the threshold comes from, with its date. */
  readonly source?: string;
  run(system: System, context: CheckContext): Promise<Result>;
}

/** What all checks of one run share. */
export interface CheckContext {
  readonly facts: Facts;
  /** Said by who asks whether this machine would come up there, wherever it is now. */
  readonly restoringTo?: 'azure' | undefined;
  /** How this program is started again: on Windows it is what hands statements on to the client of a database. */
  readonly self?: readonly string[] | undefined;
  /** Gathers once per run, however many checks ask: the function itself is the key. */
  evidence<T>(gather: (system: System, context: CheckContext) => Promise<T>): Promise<T>;
}

/** A check's answer; made with `pass`, `info`, `warn`, `fail` or `skip`. */
export interface Result {
  readonly verdict: Answer;
  /** What is, in words that stand alone: a problem is shown by them first, and by the title only after. */
  readonly detail: string;
  /** What to do: sentences, and commands to paste, each on a line of its own that starts with `$ `. */
  readonly remedy?: string;
  /** Instead of the check's own, when the thresholds of one check come from several places. */
  readonly source?: string;
  /** Hides what depends on this check, as a failure always does: for "does not apply here". */
  readonly hidesDependants?: true;
}

/** What a run says of one check: the shape of JSON output, documented and stable. */
export interface Finding {
  readonly id: string;
  readonly group: Group;
  readonly title: string;
  readonly verdict: Verdict;
  readonly detail: string;
  readonly remedy?: string;
  readonly source?: string;
  readonly durationMs: number;
  /** Errors of Azure Backup that this check looks for the cause of: see `quiesced explain`. Absent where there is none. */
  readonly explains?: readonly string[];
  /** The finding that explains this one, which is then neither shown nor counted. */
  readonly hiddenBy?: string;
}

/** As it should be. */
export const pass = (detail: string): Result => ({ verdict: 'pass', detail });
/** Worth knowing; nothing to do. */
export const info = (detail: string, remedy?: string): Result => withRemedy('info', detail, remedy);
/** The backup may fail, or be worth less. */
export const warn = (detail: string, remedy: string): Result => withRemedy('warn', detail, remedy);
/** The backup will fail. */
export const fail = (detail: string, remedy: string): Result => withRemedy('fail', detail, remedy);
/** Does not apply here, or could not be looked at. */
export const skip = (detail: string): Result => ({ verdict: 'skip', detail });

const withRemedy = (verdict: Answer, detail: string, remedy: string | undefined): Result => ({
  verdict,
  detail,
  ...(remedy === undefined ? {} : { remedy }),
});
