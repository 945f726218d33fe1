import t from 'tap';
import { outcomeLine, renderOutcome } from '../../../agent/cli/render-outcome.ts';
import { milliseconds } from '../../../agent/cli/render-timeline.ts';
import type { Outcome } from '../../../agent/snapshot/outcome.ts';
import type { TimelineStep } from '../../../agent/snapshot/phases.ts';
import fc from '../../fast-check.ts';
import { outcomeOf } from '../snapshot/outcomes.ts';

const LONG = '/var/lib/kubelet/pods/5e4f2c1e-0000-4000-8000-123456789abc/volumes/kubernetes.io~csi/pvc-1/mount';
const step = (differs: Partial<TimelineStep>): TimelineStep => ({
  atMs: 0,
  tookMs: 1,
  phase: 'freeze',
  step: 'thaw',
  ...differs,
});
const tooLong = (text: string, width = 80) => text.split('\n').filter((line) => line.length > width);

t.test('a run that went as it should', async (t) => {
  const timeline = [
    step({ phase: 'prepare', step: 'pre mysql', atMs: 0.4, tookMs: 30.2 }),
    step({ step: 'freeze', mountPoint: '/', atMs: 45, tookMs: 3.04 }),
    step({ phase: 'take', step: 'take', atMs: 50, tookMs: 12_345 }),
  ];
  t.equal(
    renderOutcome(outcomeOf({ snapshot: 'vg/snap-1', timeline }), 80),
    `Snapshot: application-consistent (verified)
  Applications were held, and it was verified.
  Snapshot: vg/snap-1
  Frozen for 70 ms: /

Timeline
         at       took
     0.4 ms      30 ms  prepare  pre mysql
      45 ms     3.0 ms  freeze   freeze /
      50 ms     12.3 s  take     take
`,
  );
});

t.test('what is wrong stands at the top, and what can be done about it beside it', async (t) => {
  const faults = [
    {
      phase: 'freeze' as const,
      during: 'enter' as const,
      message: '/d was not\nfrozen',
      remedy: 'Look at\nit.',
      mountPoint: '/d',
    },
    { phase: 'take' as const, during: 'take' as const, message: 'none' },
  ];
  const text = renderOutcome(
    outcomeOf({ faults, warnings: ['beware'], consistency: 'none', reason: 'no snapshot was taken' }),
    80,
  );
  t.match(text, 'Snapshot: no snapshot (verified)\n  No snapshot was taken.\n');
  t.match(text, '\nNot as it should be\n  · freeze: /d was not frozen\n    → Look at it.\n  · take: none\n');
  t.ok(text.indexOf('Not as it should be') < text.indexOf('Warnings\n  · beware\n'));
});

const KINDS: readonly (readonly [Partial<Outcome>, string])[] = [
  [{}, 'Snapshot: application-consistent (verified)'],
  [{ evidence: 'script-only' }, 'Snapshot: application-consistent (script-only)'],
  [
    { kind: 'rehearsal', consistency: 'none', wouldBe: 'application' },
    'Rehearsal: a snapshot would be application-consistent (verified)',
  ],
  [
    { kind: 'rehearsal', consistency: 'none', wouldBe: 'none' },
    'Rehearsal: a snapshot would be no snapshot (verified)',
  ],
  [{ kind: 'hold', consistency: 'crash' }, 'Hold: crash-consistent (verified)'],
  [{ kind: 'freeze', consistency: 'file-system' }, 'Freeze: file-system-consistent (verified)'],
  [{ kind: 'hold', consistency: 'none' }, 'Hold: not held throughout; a copy made meanwhile is worth nothing'],
];

t.test('the first line says what it is worth', async (t) => {
  for (const [differs, line] of KINDS) t.equal(renderOutcome(outcomeOf(differs), 80).split('\n')[0], line);
  const lost = outcomeOf({ kind: 'hold', consistency: 'none', reason: 'no snapshot was taken' });
  t.notMatch(renderOutcome(lost, 80), /No snapshot/, 'nobody asked the hold for one');
  const died = outcomeOf({ kind: 'hold', consistency: 'none', reason: 'the process died' });
  t.match(renderOutcome(died, 80), '\n  The process died.\n');
});

const left = (mountPoint: string, why: string, reason: string) => ({ mountPoint, type: 'ext4', why, reason });

t.test('what was not frozen: heavy ones first, many harmless ones in a line', async (t) => {
  const text = renderOutcome(
    outcomeOf({
      left: [
        ...Array.from({ length: 12 }, (_, index) => left(`/m${index}`, 'excluded', 'not named by --mount')),
        ...Array.from({ length: 22 }, (_, index) => left(`/snap/${index}`, 'exempt', 'read-only')),
        left('/boot/efi', 'exempt', 'FAT cannot be frozen'),
        left('/tank', 'unfreezable', 'zfs cannot be frozen'),
      ],
    }),
    80,
  );
  t.match(
    text,
    `
Not frozen
  · /tank (ext4): zfs cannot be frozen
  · /snap/0, /snap/1 and 20 others: read-only
  · /boot/efi (ext4): FAT cannot be frozen
  · 12 others were not named by --mount
`,
  );
  const one = renderOutcome(outcomeOf({ left: [left('/m', 'excluded', 'not named by --mount')] }), 80);
  t.match(one, '\n  · 1 other was not named by --mount\n');
});

t.test('long names break no column, and are told whole where they matter', async (t) => {
  const faults = [
    { phase: 'freeze' as const, during: 'enter' as const, message: `${LONG} was not frozen: EBUSY`, mountPoint: LONG },
  ];
  const timeline = [step({ mountPoint: LONG }), step({ mountPoint: LONG, error: 'EIO' }), step({ mountPoint: '/a' })];
  const text = renderOutcome(
    outcomeOf({ frozen: ['/', LONG], left: [left(LONG, 'exempt', LONG)], faults, timeline }),
    80,
  );
  t.strictSame(tooLong(text), []);
  const joined = text.replace(/\n +/g, '');
  t.match(joined, `${LONG} was not frozen`);
  t.match(joined, `Frozen for 70 ms: /,${LONG}`);
  t.match(text, /freeze {3}thaw \/var.*….*\/mount\n/);
  t.match(text, /freeze {3}thaw \/var.*….*\/mount: failed\n/, 'a failure is seen in the timeline');
});

t.test('a command with a name that is too long stays whole, to be pasted', async (t) => {
  const remedy = `fsfreeze --unfreeze ${LONG}`;
  const faults = [{ phase: 'freeze' as const, during: 'leave' as const, message: 'x', remedy }];
  t.match(renderOutcome(outcomeOf({ faults }), 80), `\n    → ${remedy}\n`);
});

t.test('of hundreds of equal steps, the slowest and the failed are told', async (t) => {
  const timeline = Array.from({ length: 300 }, (_, index) =>
    step({
      mountPoint: `/d${index}`,
      atMs: 100 + index,
      tookMs: index % 50,
      ...(index === 60 ? { error: 'EIO' } : {}),
    }),
  );
  const lines = renderOutcome(outcomeOf({ timeline }), 80)
    .split('\n')
    .slice(6)
    .filter((line) => line !== '');
  t.equal(lines.length, 5);
  t.match(lines[0], /100 ms +≤ 49 ms {2}freeze {3}thaw 296 others$/);
  t.strictSame(
    lines.map((line) => /\/d\d+/.exec(line)?.[0]).filter((name) => name !== undefined),
    ['/d49', '/d60', '/d99', '/d149'],
  );
  t.match(
    lines.find((line) => line.includes('/d60')),
    /failed$/,
  );
});

t.test('names cannot draw on the terminal', async (t) => {
  const name = '/mnt/\u001b]0;x\u0007\u202e';
  const faults = [{ phase: 'freeze' as const, during: 'enter' as const, message: name, remedy: name }];
  const timeline = [step({ mountPoint: name, step: name })];
  const all = {
    frozen: [name],
    left: [left(name, 'exempt', name)],
    faults,
    timeline,
    warnings: [name],
    snapshot: name,
  };
  t.notMatch(renderOutcome(outcomeOf(all), 80), /[^\P{Cc}\n]|\u202e/u);
});

const anyText = fc.oneof(fc.string({ maxLength: 120 }), fc.constant(LONG), fc.string({ unit: 'grapheme' }));
const anyStep = fc.record({
  atMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
  tookMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
  phase: fc.constantFrom('prepare', 'quiesce', 'freeze', 'take'),
  step: fc.oneof(fc.constantFrom('freeze', 'thaw'), anyText),
  mountPoint: anyText,
});
const anyOutcome = fc.record({
  reason: anyText,
  snapshot: anyText,
  frozenMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
  frozen: fc.array(anyText),
  warnings: fc.array(anyText),
  left: fc.array(fc.record({ mountPoint: anyText, type: fc.string({ maxLength: 12 }), why: anyText, reason: anyText })),
  faults: fc.array(
    fc.record({ phase: fc.constant('freeze' as const), during: fc.constant('enter' as const), message: anyText }),
  ),
  timeline: fc.array(anyStep),
});

t.test('whatever the outcome, no line is wider than the terminal', async () => {
  fc.assert(
    fc.property(anyOutcome, fc.integer({ min: 60, max: 80 }), (outcome, width) => {
      const [line] = tooLong(renderOutcome(outcomeOf(outcome as Partial<Outcome>), width), width);
      if (line !== undefined) throw new Error(line);
    }),
  );
});

t.test('a line for the list, which keeps its columns', async (t) => {
  t.equal(outcomeLine(outcomeOf()), '2026-03-01 03:00:00  snapshot   application           frozen 70 ms');
  const faults = Array.from({ length: 12 }, () => ({ phase: 'take' as const, during: 'take' as const, message: '' }));
  const long = outcomeOf({ kind: 'rehearsal', wouldBe: 'file-system', frozenMs: 123_456, faults });
  t.equal(outcomeLine(long), '2026-03-01 03:00:00  rehearsal  would be file-system  frozen 123.5 s  12 faults');
  t.ok(outcomeLine(long).length <= 80);
  t.match(outcomeLine(outcomeOf({ faults: faults.slice(0, 1) })), /1 fault$/);
});

t.test('times are short and never rounded to something longer', async (t) => {
  const shown = [0, 0.04, 0.06, 9.94, 9.96, 10, 99.5, 999.6, 9999.4, 10_000, 65_432].map(milliseconds);
  t.strictSame(shown, [
    '0.0 ms',
    '0.0 ms',
    '0.1 ms',
    '9.9 ms',
    '10 ms',
    '10 ms',
    '100 ms',
    '1000 ms',
    '9999 ms',
    '10.0 s',
    '65.4 s',
  ]);
});
