/** Reference VMSnapshotLinux §3.3 and §5, row by row: what the service is told of what came of a run. */
import t from 'tap';
import { UserError } from '../../../../agent/errors.ts';
import type { Outcome } from '../../../../agent/snapshot/outcome.ts';
import { CODES } from '../../../../extensions/azure/handler/codes.ts';
import {
  type JobResult,
  refusedResult,
  refusedRunResult,
  runResult,
} from '../../../../extensions/azure/handler/result.ts';
import { admit } from '../../../../extensions/azure/handler/take-backup.ts';
import { parseJob } from '../../../../extensions/azure/settings.ts';
import type { SnapshotSet } from '../../../../extensions/azure/takers/snapshot-set.ts';
import { failedDisk, fault, job, outcome, publicSettings, set } from './jobs.ts';

type Expected = readonly [
  code: JobResult['code'],
  healthCode: JobResult['healthCode'],
  status: JobResult['status'],
  consistency: JobResult['consistency'],
];

interface Row {
  readonly title: string;
  readonly outcome: Partial<Outcome>;
  readonly set?: SnapshotSet;
  readonly crashAllowed?: true;
  readonly expected: Expected;
}

const none = { consistency: 'none', reason: 'no snapshot was taken' } as const;
const some = set('some', [...set().disks.slice(1), failedDisk('os', 'AuthorizationFailure')]);

const ROWS: readonly Row[] = [
  { title: 'all ok', outcome: {}, set: set(), expected: [1, 1, 'success', 'file-system'] },
  {
    title: 'all ok, applications held',
    outcome: { consistency: 'application', evidence: 'script-only' },
    set: set(),
    expected: [0, 0, 'success', 'application'],
  },
  { title: 'some disks failed', outcome: none, set: some, expected: [76, 761, 'error', 'none'] },
  { title: 'the rate is exceeded', outcome: none, set: set('rate'), expected: [173, 173, 'error', 'none'] },
  { title: 'too many snapshots of a blob', outcome: none, set: set('count'), expected: [85, 85, 'error', 'none'] },
  { title: 'all disks failed', outcome: none, set: set('all'), expected: [76, 76, 'error', 'none'] },
  {
    title: 'the host took some, in strings or booleans',
    outcome: none,
    set: { ...some, by: 'host' },
    expected: [76, 761, 'error', 'none'],
  },
  {
    title: 'DoSnapshot is refused, or its answer is empty',
    outcome: none,
    set: { ...set('all', []), by: 'host' },
    expected: [76, 76, 'error', 'none'],
  },
  {
    title: 'the service of the host is broken',
    outcome: none,
    set: { ...set('host-broken', []), by: 'host' },
    expected: [556, 556, 'error', 'none'],
  },
  { title: 'no blobs', outcome: none, set: set('no-disks', []), expected: [76, 76, 'error', 'none'] },
  {
    title: 'the thaw came early',
    outcome: { consistency: 'crash', faults: [fault('freeze', 'leave')] },
    set: set(),
    expected: [2, 2, 'error', 'none'],
  },
  {
    title: 'the freeze failed',
    outcome: { ...none, faults: [fault('freeze', 'enter', 'freeze.failed')] },
    expected: [121, 121, 'error', 'none'],
  },
  {
    title: 'the freeze took too long',
    outcome: { ...none, faults: [fault('freeze', 'enter', 'deadline')] },
    expected: [122, 122, 'error', 'none'],
  },
  {
    title: 'the kernel did not finish a freeze',
    outcome: { ...none, faults: [fault('freeze', 'enter', 'freeze.hung')] },
    expected: [122, 122, 'error', 'none'],
  },
  {
    title: 'a mount could not be opened',
    outcome: { ...none, faults: [fault('freeze', 'ready', 'freeze.cannot-open')] },
    expected: [123, 123, 'error', 'none'],
  },
  {
    title: 'not frozen, which the service allows',
    outcome: { consistency: 'crash', faults: [fault('freeze', 'enter', 'freeze.failed')] },
    set: set(),
    crashAllowed: true,
    expected: [1, 1, 'success', 'crash'],
  },
  {
    title: 'a file system that nobody can freeze',
    outcome: { consistency: 'crash', reason: 'cannot be frozen: /tank' },
    set: set(),
    expected: [1, 1, 'success', 'crash'],
  },
  {
    title: 'a pre script failed, and the backup goes on',
    outcome: { faults: [fault('prepare', 'enter', 'script.failed')] },
    set: set(),
    expected: [1, 300, 'success', 'file-system'],
  },
  {
    title: 'a pre script failed, and the backup does not',
    outcome: { ...none, faults: [fault('prepare', 'enter', 'script.failed')] },
    expected: [300, 300, 'error', 'none'],
  },
  {
    title: 'a pre script took too long',
    outcome: { ...none, faults: [fault('prepare', 'enter', 'script.timed-out')] },
    expected: [308, 308, 'error', 'none'],
  },
  {
    title: 'a post script took too long',
    outcome: { consistency: 'application', faults: [fault('prepare', 'leave', 'script.timed-out')] },
    set: set(),
    expected: [0, 309, 'success', 'application'],
  },
  {
    title: 'the file that names scripts is at fault',
    outcome: { faults: [fault('prepare', 'enter', 'script.config')] },
    set: set(),
    expected: [1, 305, 'success', 'file-system'],
  },
  {
    title: 'a script has the wrong owner',
    outcome: { faults: [fault('prepare', 'enter', 'script.permissions')] },
    set: set(),
    expected: [1, 306, 'success', 'file-system'],
  },
  {
    title: 'an application was let go too early',
    outcome: { faults: [fault('quiesce', 'verify')] },
    set: set(),
    expected: [1, 504, 'success', 'file-system'],
  },
  {
    title: 'workload.conf names what is not known',
    outcome: { faults: [{ ...fault('quiesce', 'enter'), message: 'workload.conf: (503) db2 is not known' }] },
    set: set(),
    expected: [1, 503, 'success', 'file-system'],
  },
  {
    title: 'what workload.conf names was let go too early',
    outcome: { faults: [{ ...fault('quiesce', 'verify'), message: 'MySQL (workload): it was not held' }] },
    set: set(),
    expected: [1, 510, 'success', 'file-system'],
  },
  {
    title: 'the command came too late, as the host found',
    outcome: { ...none, faults: [fault('take', 'ready', 'azure.too-late')] },
    expected: [402, 402, 'error', 'none'],
  },
];

t.test('what came of a run', async (t) => {
  for (const { title, outcome: wishes, set: taken, crashAllowed, expected } of ROWS) {
    const custom = { canTakeCrashConsistentSnapshot: true, backupRetryCount: crashAllowed ? 1 : 0 };
    const body = { includedDisks: { isOSDiskIncluded: true } };
    const report = { set: taken, preSnapshotStatus: undefined, doSnapshotStatus: undefined };
    const { code, healthCode, status, consistency } = runResult(job({ custom, body }), outcome(wishes), report);
    t.strictSame([code, healthCode, status, consistency], expected, title);
  }
});

t.test('what is refused before anything is touched', async (t) => {
  const report = { set: undefined, preSnapshotStatus: undefined, doSnapshotStatus: undefined };
  const refused = (code: string, given = report) => refusedRunResult(new UserError(code, 'why'), given).code;
  t.equal(refused('freeze.locked'), 121);
  t.equal(refused('freeze.cannot-open'), 123);
  t.equal(refused('azure.too-late'), 402);
  t.equal(refused('config.invalid'), 2);
  t.equal(refused('azure.host-not-ready', { ...report, set: set('host-broken', []) } as never), 556);
  t.equal(refused('azure.unreachable', { ...report, set: set('all', []) } as never), 76);
});

t.test('settings: each fault has its number, and names its key', async (t) => {
  const told = (given: Parameters<typeof publicSettings>[0]) => {
    const { problems = [] } = parseJob(publicSettings(given));
    return refusedResult(problems);
  };
  t.match(told({ rest: { commandToExecute: 'remove' } }), { code: 11, message: /publicSettings\.commandToExecute/ });
  t.match(told({ rest: { vmType: undefined } }), { code: 11, message: /vmType is missing/ });
  t.match(told({ rest: { objectStr: undefined } }), { code: 11, message: /objectStr is missing/ });
  t.match(told({ body: { backupMetadata: undefined } }), { code: 11, message: /objectStr\.backupMetadata is missing/ });
  const excluded = { isAnyDiskExcluded: true, isVmgsBlobIncluded: true };
  t.match(told({ body: { includedDisks: excluded } }), { code: 17, status: 'error', message: /dataDiskLunList/ });
});

t.test('the command is too old after 140 minutes, by the clock that is asked', async (t) => {
  const given = Date.parse('2026-11-21T16:00:00Z');
  // Ticks of 100 ns since the year 1.
  const ticks = { commandStartTicks: '639308736000000000' };
  t.doesNotThrow(() => admit(ticks, new Date(given + 140 * 60_000)));
  t.throws(() => admit(ticks, new Date(given + 142 * 60_000)), { code: 'azure.too-late' });
  t.doesNotThrow(() => admit({ commandStartTicks: '' }, new Date()), 'who does not say it is not held to it');
});

t.test('every code has a name and a health, so that no report is lost', async (t) => {
  for (const [code, { name, health }] of Object.entries(CODES)) {
    t.ok(name.length > 0 && [0, 128, 256].includes(health), code);
  }
});
