import type { UserError } from '../../../agent/errors.ts';
import { isOfWorkload, workloadCodeOf } from '../../../agent/quiescers/workload.ts';
import type { Outcome } from '../../../agent/snapshot/outcome.ts';
import type { Fault } from '../../../agent/snapshot/phases.ts';
import type { FieldProblem } from '../fields.ts';
import type { BackupJob } from '../settings.ts';
import type { TakeReport } from '../takers/azure-taker.ts';
import type { SetFailure, SnapshotSet } from '../takers/snapshot-set.ts';
import type { CodeNumber } from './codes.ts';

/** What came of a job, in the service's terms. */
export interface JobResult {
  readonly code: CodeNumber;
  /** What was in the way, where the snapshot is one all the same: the health of the machine. Else the same as `code`. */
  readonly healthCode: CodeNumber;
  readonly status: 'success' | 'error';
  readonly consistency: ReachedLevel;
  /** For people; without secrets. */
  readonly message: string;
  /** Undefined: none was tried. */
  readonly set: SnapshotSet | undefined;
}

/** Upstream's numbers: 0 none, 1 file-system, 2 application, 3 crash. */
export type ReachedLevel = Outcome['consistency'];

export const AT_WORK = result(4, 'success', 'Transitioning state in extension');
export const INSTALLED = result(1, 'success', 'Install Succeeded');

export const NO_DISKS = result(
  76,
  'error',
  'protectedSettings.objectStr.blobSASUri names no disk, and onlyGuest allows no other way',
);

/** What was asked for cannot be understood, or not carried out; nothing was touched. */
export function refusedResult(problems: readonly FieldProblem[]): JobResult {
  const message = problems.map(({ key, what }) => `${key} ${what}`).join('; ');
  return result(problems.find(({ code }) => code !== undefined)?.code ?? 11, 'error', message);
}

/** Neither public nor protected settings, or protected ones that nobody here can open. */
export const noSettingsResult = (message: string): JobResult => result(16, 'error', message);

/** A run that refused before it touched anything: by what the taker met, where it met something. */
export function refusedRunResult({ code, message, remedy }: UserError, { set }: TakeReport): JobResult {
  const told = [message, remedy].filter((part) => part !== undefined).join(' → ');
  const failure = set?.failure;
  const number = CODE_OF_REFUSAL[code] ?? (failure === undefined ? 2 : CODE_OF_SET[failure]);
  return { ...result(number, 'error', told), set };
}

const CODE_OF_REFUSAL: Readonly<Record<string, CodeNumber>> = {
  'azure.too-late': 402,
  'azure.metadata': 11,
  'freeze.cannot-open': 123,
  'freeze.locked': 121,
  'freeze.no-guard': 121,
  'freeze.failed': 121,
};

/** A bug of ours, or a job that was cut off: nothing is known of a snapshot. */
export const brokenResult = (message: string): JobResult => result(2, 'error', message);

/**
 * What the service is told of a run. The level is never more than was reached; what upstream calls success and was none,
 * is none here: README.md has the list.
 */
export function runResult(job: BackupJob, outcome: Outcome, { set }: TakeReport): JobResult {
  const { faults, consistency, reason } = outcome;
  const frozen = faults.find(({ phase }) => phase === 'freeze');
  const scripts = faults.find(({ phase }) => phase === 'prepare' || phase === 'quiesce');
  const told = [reason, ...faults.map(({ message }) => message)].join('; ');
  const failed = (code: CodeNumber, healthCode = code): JobResult => ({
    ...result(code, 'error', told),
    healthCode,
    set,
  });
  if (consistency === 'none') {
    const failure = set?.failure;
    if (failure !== undefined) return failed(CODE_OF_SET[failure], failure === 'some' ? 761 : CODE_OF_SET[failure]);
    if (frozen !== undefined) return failed(freezeCode(frozen));
    if (scripts !== undefined) return failed(scriptCode(scripts));
    return failed(faults.map(({ code }) => CODE_OF_REFUSAL[code ?? '']).find((code) => code !== undefined) ?? 2);
  }
  // Somebody wrote while the snapshot was taken: as good as none, unless the service has asked for as little.
  if (frozen !== undefined && !job.crashConsistentAllowed) {
    return failed(frozen.during === 'enter' ? freezeCode(frozen) : 2);
  }
  const code = consistency === 'application' ? 0 : 1;
  const healthCode = scripts === undefined ? code : scriptCode(scripts);
  const message = faults.length === 0 && consistency !== 'crash' ? '' : told;
  return { code, healthCode, status: 'success', consistency, message, set };
}

const CODE_OF_SET: Readonly<Record<SetFailure, CodeNumber>> = {
  rate: 173,
  count: 85,
  all: 76,
  some: 76,
  'host-broken': 556,
  'no-disks': 76,
};

const freezeCode = ({ code, during }: Fault): CodeNumber => {
  const refused = CODE_OF_REFUSAL[code ?? ''];
  if (refused !== undefined) return refused;
  if (during === 'ready') return 123;
  return code === 'deadline' || code === 'freeze.hung' ? 122 : 121;
};

/** Before the snapshot and after it each has a number of its own. */
function scriptCode({ phase, during, message, code = '' }: Fault): CodeNumber {
  if (phase === 'quiesce' && isOfWorkload(message)) return workloadCodeOf({ during, message });
  const after = during === 'leave' || during === 'verify';
  if (phase === 'quiesce') return after ? 504 : 500;
  const [before, behind] = CODE_OF_SCRIPT[code] ?? [300, 301];
  return after ? behind : before;
}

/** Of `ScriptError`. Where a file is at fault there is one number for both. */
const CODE_OF_SCRIPT: Readonly<Record<string, readonly [pre: CodeNumber, post: CodeNumber]>> = {
  'script.missing': [302, 303],
  'script.permissions': [306, 307],
  'script.timed-out': [308, 309],
  'script.config': [305, 305],
  'script.host-config': [304, 304],
};

function result(code: CodeNumber, status: JobResult['status'], message: string): JobResult {
  return { code, healthCode: code, status, consistency: 'none', message, set: undefined };
}
