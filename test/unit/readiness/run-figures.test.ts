import t from 'tap';
import { figuresOf } from '../../../agent/readiness/run-figures.ts';
import type { Outcome } from '../../../agent/snapshot/outcome.ts';
import type { TimelineStep } from '../../../agent/snapshot/phases.ts';

const step = (atMs: number, tookMs: number, name: string, more: Partial<TimelineStep> = {}): TimelineStep => ({
  atMs,
  tookMs,
  phase: 'freeze',
  step: name,
  ...more,
});
const on = (mountPoint: string) => ({ mountPoint });
const figures = (...timeline: readonly unknown[]) =>
  figuresOf({ timeline: timeline as readonly TimelineStep[] } as Pick<Outcome, 'timeline'>);

t.test('a stall lasts from the begin of the freeze to the end of the thaw', async (t) => {
  const { mounts, longestStall } = figures(
    step(10, 5, 'flush', on('/')),
    step(20, 4, 'freeze', on('/')),
    step(100, 2, 'thaw', on('/')),
    step(21, 9, 'freeze', on('/data')),
    step(110, 1, 'thaw', on('/data')),
  );
  t.strictSame(longestStall, { mountPoint: '/data', ms: 90 });
  t.strictSame(
    mounts.map(({ name, stallMs }) => [name, stallMs]),
    [
      ['/data', 90],
      ['/', 82],
    ],
  );
  t.strictSame(mounts[1]?.spans, [
    { what: 'flush', atMs: 10, tookMs: 5 },
    { what: 'freeze', atMs: 20, tookMs: 4 },
    { what: 'frozen', atMs: 24, tookMs: 76 },
    { what: 'thaw', atMs: 100, tookMs: 2 },
  ]);
});

t.test('what was not frozen, or is not known to be thawed, has no stall', async (t) => {
  const refused = figures(step(20, 4, 'freeze', { ...on('/'), error: 'EBUSY' }), step(30, 1, 'thaw', on('/')));
  t.equal(refused.longestStall, undefined);
  t.strictSame(refused.mounts[0]?.spans[0], { what: 'freeze', atMs: 20, tookMs: 4, failed: true });
  t.equal(figures(step(20, 4, 'freeze', on('/'))).longestStall, undefined);
  t.equal(figures(step(20, 4, 'thaw', on('/')), step(30, 1, 'freeze', on('/'))).longestStall, undefined);
});

t.test('phases hold from their entry to their leaving, with scripts beside them', async (t) => {
  const prepare = { phase: 'prepare' } as const;
  const { phases } = figures(
    step(0, 10, 'enter', prepare),
    step(1, 8, 'pre db', prepare),
    step(50, 5, 'leave', prepare),
    step(20, 10, 'take', { phase: 'take' }),
    step(60, 1, 'leave', { phase: 'take' }),
  );
  t.strictSame(phases, [
    {
      name: 'prepare',
      spans: [
        { what: 'enter', atMs: 0, tookMs: 10 },
        { what: 'held', atMs: 10, tookMs: 40 },
        { what: 'leave', atMs: 50, tookMs: 5 },
      ],
    },
    { name: 'pre db', spans: [{ what: 'script', atMs: 1, tookMs: 8 }] },
    { name: 'take', spans: [{ what: 'take', atMs: 20, tookMs: 10 }] },
  ]);
});

t.test('what a disk has made of a step is left out', async (t) => {
  const torn = [null, 7, {}, { atMs: '1' }, { ...step(1, -1, 'freeze') }, { ...step(1, 1, 'x'), mountPoint: 7 }];
  t.strictSame(figures(...torn, { ...step(1, 1, 'enter'), phase: 'another' }), { phases: [], mounts: [] });
});
