import type { Outcome } from '../../agent/snapshot/outcome.ts';
import type { TimelineStep } from '../../agent/snapshot/phases.ts';

/** What is unusual of a run. */
export interface RunOptions {
  readonly kind?: Outcome['kind'];
  readonly mounts?: number;
  /** Of the longest stall, in milliseconds. */
  readonly stallMs?: number;
  readonly change?: Partial<Outcome>;
}

const DAY = 86_400_000;
const PLACES = ['/', '/data', '/var/lib/postgresql', '/srv/archive', '/home'];

/** A run `days` before the present, as one with scripts and a taker of its own looks in the history. */
export function run(
  days: number,
  { kind = 'snapshot', mounts = 3, stallMs = 212, change = {} }: RunOptions = {},
): Outcome {
  const places = Array.from({ length: mounts }, (_, at) => PLACES[at] ?? `/srv/tenants/customer-${at}`);
  const timeline = timelineOf(places, stallMs);
  const wouldBe =
    kind === 'rehearsal'
      ? ({ consistency: 'none', wouldBe: 'application' } as const)
      : ({ consistency: 'application' } as const);
  return {
    schema: 1,
    id: `run-${days}`,
    kind,
    taker: kind === 'snapshot' ? 'command' : 'none',
    startedAt: new Date(Date.now() - days * DAY - 5 * 3_600_000).toISOString(),
    tookMs: 5200 + stallMs,
    ...wouldBe,
    evidence: 'script-only',
    reason: 'the pre scripts ended with 0; no more is known',
    frozenMs: stallMs,
    frozen: places,
    left: [
      { mountPoint: '/boot/efi', type: 'vfat', why: 'exempt', reason: 'the firmware reads it, nothing writes it' },
    ],
    warnings: [],
    faults: [],
    timeline,
    ...change,
  };
}

/** Figures as a sandbox rehearsal on a small machine gave them, stretched to the stall that is wanted. */
function timelineOf(places: readonly string[], stallMs: number): readonly TimelineStep[] {
  const frozenAt = 4225;
  const thawAt = frozenAt + stallMs - 6;
  return [
    { atMs: 12, tookMs: 3120, phase: 'prepare', step: 'enter' },
    { atMs: 24, tookMs: 3080, phase: 'prepare', step: 'pre backup.sh' },
    { atMs: 3140, tookMs: 640, phase: 'quiesce', step: 'enter' },
    { atMs: 3790, tookMs: 465, phase: 'freeze', step: 'enter' },
    ...places.flatMap((mountPoint, at): TimelineStep[] => [
      { atMs: 3800, tookMs: 380 - (at % 7) * 40, phase: 'freeze', step: 'flush', mountPoint },
      { atMs: frozenAt + (at % 9) * 1.5, tookMs: 22 - (at % 5) * 3, phase: 'freeze', step: 'freeze', mountPoint },
      { atMs: thawAt - (at % 4), tookMs: 5.5 - (at % 5), phase: 'freeze', step: 'thaw', mountPoint },
    ]),
    { atMs: 4256, tookMs: Math.max(1, stallMs - 45), phase: 'take', step: 'take' },
    { atMs: thawAt - 8, tookMs: 14, phase: 'freeze', step: 'leave' },
    { atMs: thawAt + 8, tookMs: 76, phase: 'quiesce', step: 'leave' },
    { atMs: thawAt + 90, tookMs: 610, phase: 'prepare', step: 'leave' },
    { atMs: thawAt + 95, tookMs: 590, phase: 'prepare', step: 'post backup.sh' },
  ];
}

const EARLY: Partial<Outcome> = {
  consistency: 'crash',
  reason: 'a file system was writable again too early',
  faults: [
    {
      phase: 'freeze',
      during: 'leave',
      message: '/srv/archive was writable before it was thawed',
      remedy: 'See who thawed it: journalctl -u qemu-guest-agent',
      mountPoint: '/srv/archive',
    },
  ],
};

/** Nightly snapshots with a rehearsal now and then, oldest first; the stalls waver, and some nights are bad. */
export const history = (count: number): readonly Outcome[] =>
  Array.from({ length: count }, (_, at) => {
    const days = count - 1 - at;
    const wavering = 180 + ((at * 7919) % 97) + (at % 11 === 5 ? 640 : 0);
    if (at % 7 === 3) return run(days, { kind: 'rehearsal', stallMs: wavering / 3 });
    return run(days, { stallMs: wavering, mounts: 5, ...(at % 13 === 9 ? { change: EARLY } : {}) });
  });
