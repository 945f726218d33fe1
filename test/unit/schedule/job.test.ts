import t from 'tap';
import { afterInterval, byCron } from '../../../agent/schedule/job.ts';

const HOUR_MS = 3_600_000;
const now = new Date('2026-03-01T03:00:00Z');

t.test('an interval is a tenth longer or shorter at most, by chance', async (t) => {
  const afterMs = async (random: number) =>
    ((await afterInterval(10 * HOUR_MS, () => random)(now))?.getTime() ?? 0) - now.getTime();
  t.equal(await afterMs(0), 9 * HOUR_MS);
  t.equal(await afterMs(0.5), 10 * HOUR_MS);
  t.ok((await afterMs(0.999_999)) <= 11 * HOUR_MS);
  const some = await Promise.all(Array.from({ length: 20 }, () => afterInterval(10 * HOUR_MS)(now)));
  t.ok(new Set(some.map((at) => at?.getTime())).size > 10, 'not all machines at once');
});

t.test('off', async (t) => {
  t.equal(await afterInterval(undefined)(now), undefined);
  t.equal(await byCron(undefined)(now), undefined);
});

t.test('by cron: the next time that its fields allow, in the time zone of the machine', async (t) => {
  const askedMs = Date.now();
  const next = await byCron('30 3 * * sun')(now);
  t.match([next?.getDay(), next?.getHours(), next?.getMinutes(), next?.getSeconds()], [0, 3, 30, 0]);
  const ahead = (next?.getTime() ?? 0) - askedMs;
  t.ok(ahead > 0 && ahead <= 7 * 24 * HOUR_MS + HOUR_MS, `${ahead / HOUR_MS} h`);
  const leapDay = await byCron('0 0 29 2 *')(now);
  t.match([leapDay?.getMonth(), leapDay?.getDate()], [1, 29], 'years ahead');
});

t.test('asking cron leaves no timer behind', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  await byCron('* * * * *')(now);
  t.equal(timers(), before);
});
