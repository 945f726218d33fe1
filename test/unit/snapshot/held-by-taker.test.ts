import t from 'tap';
import { withHeld } from '../../../agent/snapshot/held-by-taker.ts';
import { type Evidence, levelOf } from '../../../agent/snapshot/outcome.ts';
import type { Taken } from '../../../agent/snapshot/snapshot.ts';
import { HELD, run } from './cycle-rig.ts';

/** As it is on Windows: nothing is frozen by us. */
const UNFROZEN = { ...HELD, frozen: 'none', applications: 'none' } as const;
const held = { volumes: ['C:\\'], left: [{ mountPoint: 'C:\\db\\', type: 'NTFS', reason: 'not named' }] };
const TAKEN = { taken: true, takeEndedAtMs: 1, held, verified: true };

const level = (evidence: Partial<Omit<Evidence, 'taken'>>, taken: Partial<Taken> = {}) => {
  const { consistency, evidence: proof } = levelOf(withHeld({ ...UNFROZEN, ...evidence }, { ...TAKEN, ...taken }));
  return proof === undefined ? consistency : `${consistency} ${proof}`;
};

t.test('what a shadow copy is worth, and never more than was proved', async (t) => {
  t.equal(level({}), 'application verified', 'every writer took part');
  t.equal(level({}, { verified: false }), 'file-system', 'one did not');
  t.equal(level({ applications: 'verified' }), 'application verified');
  t.equal(level({ applications: 'script-only' }), 'application script-only', 'the weaker of both');
  t.equal(level({ applications: 'failed' }), 'file-system');
  t.equal(level({ unheld: ['PostgreSQL'] }), 'file-system', 'a database without a writer');
  t.equal(level({}, { taken: false }), 'none');
  const { held: _, ...others } = TAKEN;
  t.equal(levelOf(withHeld(UNFROZEN, others)).consistency, 'crash', 'a taker that holds nothing changes nothing');
});

t.test('data on a volume that is in it, and on one that is not', async (t) => {
  const data = (folder: string) => level({ applications: 'verified', unfrozenData: [folder] });
  t.equal(data('c:\\ProgramData\\mysql'), 'application verified');
  t.equal(data('C:\\db'), 'file-system');
  t.equal(data('C:\\db\\pg'), 'file-system');
  t.equal(data('D:\\pg'), 'file-system');
});

t.test('it is verified once the applications are let go, and the post scripts hear of it', async (t) => {
  const failed = run({ held, evidence: UNFROZEN, fates: { 'taker verify': new Error('a writer failed') } });
  const { faults, verified } = await failed.result;
  t.strictSame(failed.events.slice(-6), ['take', 'leave freeze', 'leave quiesce', 'verify', 'leave prepare', 'finish']);
  t.equal(verified, false);
  t.match(faults, [{ phase: 'take', during: 'verify', message: 'a writer failed' }]);
  t.match(failed.told.get('prepare'), { consistency: 'file-system', snapshot: 'snapshot-1' });
  t.match(failed.told.get('taker'), { consistency: 'file-system', snapshot: 'snapshot-1' });

  const well = run({ held, evidence: UNFROZEN });
  t.equal((await well.result).verified, true);
  t.match(well.told.get('prepare'), { consistency: 'application' });

  const none = run({ held, evidence: UNFROZEN, fates: { 'taker take': new Error('no room') } });
  await none.result;
  t.notOk(none.events.includes('verify'), 'nothing was taken');
});
