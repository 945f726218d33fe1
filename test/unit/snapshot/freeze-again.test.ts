import t from 'tap';
import { planOf, REPORT, rigOf, signal, state } from './freeze-rig.ts';

t.test('what the scripts have mounted or unmounted is made ready again', async (t) => {
  const rig = rigOf();
  const plans = [undefined, planOf(['ab']), planOf(['ac']), planOf(['acd'])];
  const phase = rig.phaseWith({ replan: async () => plans.shift() });
  await phase.ready(signal);
  await phase.renew(signal);
  await phase.renew(signal);
  t.strictSame(rig.events, ['prepare'], 'the same file systems are not opened again');
  await phase.renew(signal);
  t.strictSame(rig.events, ['prepare', 'follow']);
  await phase.enter(signal);
  await t.rejects(phase.leave(), { errors: [{ mountPoint: '/d', message: /mounted meanwhile/ }] });
  t.equal(phase.evidence.freezeLostAtMs, 0, 'it was written to all the time');
});

t.test('left and made ready again, it is a freeze of its own', async (t) => {
  const reports = [
    { ...REPORT, frozenMs: 90, problems: [{ kind: 'early' as const, mountPoint: '/a', message: 'the deadline' }] },
    REPORT,
  ];
  const rig = rigOf({
    thaw: async () => reports.shift() ?? REPORT,
    states: [state('a', 'frozen'), state('d', 'frozen')],
  });
  const plans = [planOf(['ad'])];
  const phase = rig.phaseWith({ replan: async () => plans.shift() });
  await phase.ready(signal);
  await phase.enter(signal);
  await t.rejects(phase.leave());
  t.equal(phase.evidence.freezeLostAtMs, 0);
  await t.resolves(phase.leave(), 'a second time there is nothing left to be left');
  await phase.again(signal);
  t.strictSame(phase.evidence, { frozen: 'none', freezeLostAtMs: undefined }, 'nothing is known of it yet');
  await phase.enter(signal);
  t.strictSame(phase.evidence, { frozen: 'all', freezeLostAtMs: undefined });
  await phase.leave();
  t.strictSame(phase.evidence, { frozen: 'all', freezeLostAtMs: undefined }, 'what came meanwhile is frozen this time');
  t.equal(phase.frozenMs, 90, 'the longest counts');
  t.strictSame(
    rig.events.filter((event) => !event.startsWith('thaw')),
    ['prepare', 'freeze', 'follow', 'freeze'],
  );
});

t.test('what has not come to its end is not frozen again', async (t) => {
  const rig = rigOf({ report: { problems: [{ kind: 'owed', mountPoint: '/a', message: 'it hangs' }] } });
  const phase = rig.phaseWith({});
  await phase.ready(signal);
  await phase.enter(signal);
  await phase.leave().catch(() => undefined);
  await t.rejects(phase.again(signal), { message: /not all of it is thawed/ });
  t.notOk(rig.events.includes('follow'), 'no second guard');
});

t.test('nor is what has not said yet that it is thawed', async (t) => {
  const { promise, resolve } = Promise.withResolvers<typeof REPORT>();
  const rig = rigOf({ thaw: () => promise });
  const phase = rig.phaseWith({});
  await phase.ready(signal);
  await phase.enter(signal);
  const leaving = phase.leave();
  await t.rejects(phase.again(signal), { message: /not all of it is thawed/ });
  t.notOk(rig.events.includes('follow'), 'no second guard');
  resolve(REPORT);
  await leaving;
  await t.resolves(phase.again(signal));
});

t.test(
  'what cannot be had again is neither frozen nor thawed, and the guard that is left stays until the end',
  async (t) => {
    const rig = rigOf({ follows: false });
    const phase = rig.phaseWith({ replan: async () => planOf(['ac']) });
    await phase.ready(signal);
    await t.rejects(phase.renew(signal), { message: /has not ended/ });
    await t.rejects(phase.enter(signal));
    await phase.leave();
    t.strictSame(rig.events, ['prepare', 'follow']);
    await phase.end();
    t.strictSame(rig.events, ['prepare', 'follow', 'end']);
  },
);
