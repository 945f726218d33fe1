/** A clock that is set while a snapshot is taken (NTP, a resumed machine, a person) must not matter for any deadline. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { DeadlineError, within } from '../../../agent/snapshot/deadline.ts';
import { orUndefinedAfter } from '../../../agent/system/waits.ts';
import { guardRig } from '../freezer/guard-rig.ts';

const AGENT = join(import.meta.dirname, '../../../agent');
const DAY_MS = 24 * 3_600_000;

/** What says when something was, and nothing that is waited for. */
const TELLS_THE_TIME = ['snapshot/recover.ts', 'snapshot/run.ts', 'takers/vss/vss.ts'];

t.test('whoever keeps a deadline does not look at the wall clock', async (t) => {
  const keepers = globSync('{freezer,quiescers,snapshot,takers}/**/*.ts', { cwd: AGENT }).concat(
    ...['kin', 'native', 'run', 'spawn', 'waits'].map((name) => `system/${name}.ts`),
  );
  const readers = keepers.filter((file) =>
    /Date\.now\(|new Date\(\)|clock\.now\(/.test(readFileSync(join(AGENT, file), 'utf8')),
  );
  t.strictSame(readers.sort(), TELLS_THE_TIME);
});

/** From now on the wall clock is that much ahead of what it was; put right when the test ends. */
function jump(t: Test, byMs: number): void {
  const before = Date.now;
  Date.now = () => before() + byMs;
  t.teardown(() => {
    Date.now = before;
  });
}

for (const [direction, byMs] of [
  ['forward', DAY_MS],
  ['back', -DAY_MS],
] as const) {
  t.test(`the guard thaws at its deadline, the clock set ${direction}`, async (t) => {
    const rig = guardRig(t);
    rig.guard.receive(rig.order(['a'], { deadlineMs: 400 }));
    await rig.answer('opened');
    const beganMs = performance.now();
    rig.guard.receive({ do: 'freeze' });
    await rig.answer('froze');
    jump(t, byMs);
    await sleep(100);
    t.notOk(rig.has('thawed a') && performance.now() - beganMs < 400, 'not before');
    t.match(await rig.answer('lost'), { reason: /deadline/ });
    const tookMs = performance.now() - beganMs;
    t.ok(tookMs >= 399 && tookMs < 5000, `after ${Math.round(tookMs)} ms`);
  });

  t.test(`a wait is as long as it was meant, the clock set ${direction}`, async (t) => {
    const beganMs = performance.now();
    const waits = [
      within('it', 200, () => new Promise(() => undefined)).catch((error: unknown) => error),
      orUndefinedAfter(200, new Promise(() => undefined)),
    ];
    jump(t, byMs);
    const [late, nothing] = await Promise.all(waits);
    t.ok(late instanceof DeadlineError);
    t.equal(nothing, undefined);
    const tookMs = performance.now() - beganMs;
    t.ok(tookMs >= 199 && tookMs < 5000, `${Math.round(tookMs)} ms`);
  });
}
