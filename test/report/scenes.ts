import { countsOf, exitCodeOf, verdictOf } from '../../agent/checks/verdict.ts';
import type { Examination } from '../../agent/readiness/examine.ts';
import { type Overview, overviewOf } from '../../agent/readiness/overview.ts';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import { type Change, changed } from '../unit/checks/healthy-machine.ts';
import { DISK_FAULTS, ENCRYPTION_FAULTS } from '../unit/checks/planted-disks.ts';
import { APP_FAULTS, RESTORE_FAULTS } from '../unit/checks/planted-others.ts';
import { reportOf } from '../unit/checks/planted-run.ts';
import { history, run } from './past.ts';

/** Machines whose page is looked at, by name. */
export const SCENES: Readonly<Record<string, () => Promise<Overview>>> = {
  failing: async () =>
    overview(
      await examined(
        'file-system',
        'PostgreSQL runs and nothing quiesces it',
        '33 data disks',
        'a LUKS mapping',
        'a script that its group may write',
        'a database on the temporary disk',
        'a domain controller',
      ),
      history(34),
    ),
  healthy: async () => overview(await examined('application', 'the pre scripts would run: backup'), history(9)),
  new: async () => overview(await examined('unknown', 'only root could tell'), []),
  hidden: async () =>
    overview(await examined('crash', '/tank cannot be frozen', 'a ZFS pool'), {
      fault: 'it is for root alone to read',
    }),
  hostile: async () => hostile(await examined('none', HOSTILE), [...history(2), hostileRun()]),
  large: async () => overview(await examined('file-system', 'nothing is set up'), [run(3, { mounts: 300 })]),
};

const FAULTS = [...DISK_FAULTS, ...ENCRYPTION_FAULTS, ...APP_FAULTS, ...RESTORE_FAULTS];

async function examined(
  consistency: Examination['expected']['consistency'],
  reason: string,
  ...faults: readonly string[]
): Promise<Examination> {
  const plants = faults.map((name): Change => {
    const fault = FAULTS.find((each) => each.name === name);
    if (fault === undefined) throw new Error(`nobody plants ${name}`);
    return fault.plant;
  });
  return { ...(await reportOf(changed(...plants))), expected: { consistency, reason } };
}

const overview = (readiness: Examination, past: readonly Outcome[] | { readonly fault: string }): Overview =>
  overviewOf(readiness, { time: new Date().toISOString(), version: '0.1.0', history: past });

/** Everything that HTML could mistake for its own. */
export const HOSTILE =
  '</title></style><script>document.title="pwned"</script><img src=x onerror="document.title=\'pwned\'">"\'`&lt;&amp;\u202egnp.exe\u0007';

const VERDICTS = ['fail', 'error', 'warn', 'info', 'pass', 'skip'] as const;

/** Each text of a page, and of what it is made of, as an enemy would write it. */
function hostile(readiness: Examination, past: readonly Outcome[]): Overview {
  const findings = readiness.findings.slice(0, 12).map((finding, at) => ({
    ...finding,
    title: HOSTILE,
    detail: HOSTILE,
    remedy: `${HOSTILE}\n$ ${HOSTILE}`,
    source: HOSTILE,
    explains: [HOSTILE],
    verdict: VERDICTS[at % VERDICTS.length] ?? 'fail',
  }));
  const worst = { verdict: verdictOf(findings), counts: countsOf(findings), exitCode: exitCodeOf(findings) };
  return overview({ ...readiness, ...worst, findings, facts: { ...readiness.facts, hostname: HOSTILE } }, past);
}

const hostileRun = (): Outcome => {
  const step = { atMs: 1, tookMs: 2, phase: 'freeze', mountPoint: HOSTILE } as const;
  return {
    ...run(0),
    kind: HOSTILE as Outcome['kind'],
    taker: HOSTILE,
    startedAt: HOSTILE,
    consistency: HOSTILE as Outcome['consistency'],
    reason: HOSTILE,
    warnings: [HOSTILE],
    faults: [{ phase: HOSTILE as 'run', during: 'take', message: HOSTILE, remedy: HOSTILE }],
    left: [{ mountPoint: HOSTILE, type: HOSTILE, why: 'exempt', reason: HOSTILE }],
    timeline: [
      { ...step, step: 'freeze' },
      { ...step, step: 'thaw', atMs: 9 },
      { atMs: 0, tookMs: 1, phase: 'prepare', step: `pre ${HOSTILE}` },
    ],
  };
};
