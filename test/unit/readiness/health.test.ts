import t from 'tap';
import { ago, healthOf } from '../../../agent/readiness/health.ts';
import { HOUR_MS, problem, status } from '../reporters/told.ts';

const NOW = new Date('2026-11-21T09:00:00Z');
const before = (ms: number) => new Date(NOW.getTime() - ms).toISOString();
const INTERVAL = 6 * HOUR_MS;

const CASES = {
  fine: [{}, 0, false],
  warned: [{ verdict: 'warn' }, 1, false],
  failed: [{ verdict: 'fail' }, 2, false],
  broke: [{ verdict: 'error' }, 3, false],
  'just two intervals old': [{ time: before(2 * INTERVAL) }, 0, false],
  'older than two intervals': [{ time: before(2 * INTERVAL + 1) }, 3, true],
  'old and warned': [{ time: before(13 * HOUR_MS), verdict: 'warn' }, 3, true],
  'old and failed': [{ time: before(13 * HOUR_MS), verdict: 'fail' }, 2, true],
  'a short interval': [{ time: before(3 * HOUR_MS), intervalMs: HOUR_MS }, 3, true],
  'from the future, by a little': [{ time: before(-HOUR_MS) }, 0, false],
  'from the future': [{ time: before(-13 * HOUR_MS) }, 3, true],
  'no schedule, two days old': [{ time: before(48 * HOUR_MS), intervalMs: undefined }, 0, false],
  'no schedule, older': [{ time: before(49 * HOUR_MS), intervalMs: undefined }, 3, true],
} as const;

for (const [name, [more, exitCode, stale]] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    const { intervalMs = undefined, ...rest } = { intervalMs: INTERVAL, ...more };
    const given = { ...status({ time: before(0), ...rest }), ...(intervalMs === undefined ? {} : { intervalMs }) };
    t.match(healthOf(given, '', NOW), { exitCode, stale, status: given });
  });
}

t.test('one line, whatever the details say', async (t) => {
  const nasty = problem('fail', 'agent.running', { detail: 'walinuxagent\u001b[2J does\nnot run' });
  const { summary } = healthOf(
    status({ time: before(180_000), verdict: 'fail', problems: [nasty, problem('warn', 'os.load')] }),
    '',
    NOW,
  );
  t.equal(summary, 'NOT READY: walinuxagent [2J does not run [agent.running]; and 1 more (checked 3 minutes ago)');
});

t.test('in words', async (t) => {
  const line = (more: Parameters<typeof status>[0]) => healthOf(status({ time: before(0), ...more }), '', NOW).summary;
  t.equal(line({}), 'READY: 14 checks passed; expect file-system consistency (checked just now)');
  t.match(line({ time: before(50 * HOUR_MS) }), /^UNKNOWN: the last check is too old; run: quiesced check; 14 checks/);
  t.equal(healthOf(undefined, 'nobody checked', NOW).summary, 'UNKNOWN: nobody checked');
  t.match(healthOf(undefined, 'nobody checked', NOW), { exitCode: 3, stale: false });
});

t.test('how long ago', async (t) => {
  t.strictSame([-1, 0, 1000, 59_999, 60_000, 7_200_000, 86_400_000].map(ago), [
    'in the future',
    'just now',
    '1 second ago',
    '59 seconds ago',
    '1 minute ago',
    '2 hours ago',
    '1 day ago',
  ]);
});
