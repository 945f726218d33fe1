import t from 'tap';
import { type Evidence, levelOf } from '../../../agent/snapshot/outcome.ts';

const HELD: Evidence = {
  taken: true,
  takeEndedAtMs: 100,
  frozen: 'all',
  freezeLostAtMs: undefined,
  unfreezable: [],
  applications: 'verified',
  unheld: [],
  unfrozenData: [],
};

const FROZEN = ['all', 'some', 'none'] as const;
const APPLICATIONS = ['verified', 'script-only', 'failed', 'none'] as const;
const LOST = [undefined, 0, 99, 100, 101] as const;
const UNFREEZABLE = [[], ['/tank']] as const;

/** DESIGN §4, in the words of the page. */
function expected({ taken, frozen, freezeLostAtMs, unfreezable, applications }: Evidence): string {
  if (!taken) return 'none';
  const throughout = frozen === 'all' && (freezeLostAtMs === undefined || freezeLostAtMs > 100);
  if (!throughout || unfreezable.length > 0) return 'crash';
  return applications === 'verified' || applications === 'script-only' ? 'application' : 'file-system';
}

t.test('every combination of what may be known', async (t) => {
  for (const taken of [true, false]) {
    for (const frozen of FROZEN) {
      for (const applications of APPLICATIONS) {
        for (const freezeLostAtMs of LOST) {
          for (const unfreezable of UNFREEZABLE) {
            const evidence: Evidence = { ...HELD, taken, frozen, applications, freezeLostAtMs, unfreezable };
            const level = levelOf(evidence);
            const name = JSON.stringify({ ...evidence, lost: freezeLostAtMs ?? 'never' });
            t.equal(level.consistency, expected(evidence), name);
            t.match(level.reason, /./, name);
            const proof = level.consistency === 'application' ? applications : undefined;
            t.equal(level.evidence, proof, `proof is claimed for applications alone: ${name}`);
            t.equal(level.froze, frozen === 'all' && (freezeLostAtMs === undefined || freezeLostAtMs > 100), name);
          }
        }
      }
    }
  }
});

t.test('a loss counts when nobody knows when the copy was complete', async (t) => {
  t.equal(levelOf({ ...HELD, takeEndedAtMs: undefined, freezeLostAtMs: 500 }).consistency, 'crash');
  t.equal(levelOf({ ...HELD, takeEndedAtMs: undefined }).consistency, 'application');
});

t.test('the reason is the first thing that stands in the way', async (t) => {
  const reason = (differs: Partial<Evidence>) => levelOf({ ...HELD, ...differs }).reason;
  t.match(reason({ taken: false, frozen: 'none' }), /no snapshot was taken/);
  t.match(reason({ frozen: 'none' }), /no file system was frozen/);
  t.match(reason({ frozen: 'some', freezeLostAtMs: 0 }), /not every file system/);
  t.match(reason({ freezeLostAtMs: 0, unfreezable: ['/a'] }), /too early/);
  t.equal(reason({ unfreezable: ['/a', '/b'] }), 'cannot be frozen: /a, /b');
  t.match(reason({ applications: 'failed' }), /an application was not held/);
  t.match(reason({ applications: 'none' }), /nothing holds/);
  t.match(reason({ applications: 'script-only' }), /no more is known/);
  t.match(reason({}), /verified/);
});

t.test('a database that ran and was not held costs the level, unless scripts may have held it', async (t) => {
  const unheld = ['PostgreSQL', 'Redis'];
  t.match(levelOf({ ...HELD, unheld }), {
    consistency: 'file-system',
    reason: 'running and not held: PostgreSQL, Redis',
  });
  t.match(levelOf({ ...HELD, unheld, applications: 'script-only' }), { consistency: 'application' });
  t.match(levelOf({ ...HELD, unheld, applications: 'none' }), { reason: 'nothing holds the applications' });
});

t.test('a hold is worth nothing where the data went on', async (t) => {
  const unfrozenData = ['/srv/pg'];
  t.match(levelOf({ ...HELD, unfrozenData }), { consistency: 'file-system', reason: /not frozen: \/srv\/pg/ });
});
