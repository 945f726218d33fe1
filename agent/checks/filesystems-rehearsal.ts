import { objectsIn } from '../system/json-lines.ts';
import { PATHS } from '../system/paths.ts';
import { readableText } from '../system/readable.ts';
import { type Check, fail, info, pass, type Result, warn } from './check.ts';
import { FREEZE } from './limits.ts';

/** The last time that the machine was frozen for a try. */
export interface Rehearsal {
  readonly startedAt: string;
  /** First freeze to last thaw. */
  readonly frozenMs: number;
  /** The file system whose freeze took longest. */
  readonly slowest: { readonly mountPoint: string; readonly tookMs: number } | undefined;
}

/** Freezes nothing itself: whoever wants the figure rehearses, and this tells what came of it. */
export const freezingIsQuick: Check = {
  id: 'fs.freeze-rehearsal',
  group: 'storage',
  title: 'Freezing was quick when it was last rehearsed',
  platforms: ['linux'],
  needsRoot: true,
  source: FREEZE.source,
  async run(system) {
    const history = await readableText(system, `${PATHS.linux.state}/history.jsonl`);
    return judgeRehearsal(lastRehearsal(history ?? ''));
  },
};

/** One outcome a line, the newest last. One that froze nothing has nothing to tell. */
export function lastRehearsal(history: string): Rehearsal | undefined {
  for (const { kind, startedAt, frozenMs, frozen, timeline } of objectsIn(history).toReversed()) {
    if (kind !== 'rehearsal' || typeof frozenMs !== 'number' || typeof startedAt !== 'string') continue;
    if (!Array.isArray(frozen) || frozen.length === 0) continue;
    return { startedAt, frozenMs, slowest: slowestOf(Array.isArray(timeline) ? timeline : []) };
  }
  return undefined;
}

function slowestOf(timeline: readonly unknown[]): Rehearsal['slowest'] {
  const freezes = timeline.flatMap((each) => {
    const { step, mountPoint, tookMs } = object(each);
    const whole = step === 'freeze' && typeof mountPoint === 'string' && typeof tookMs === 'number';
    return whole ? [{ mountPoint, tookMs }] : [];
  });
  return freezes.toSorted((a, b) => b.tookMs - a.tookMs)[0];
}

const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

export function judgeRehearsal(rehearsal: Rehearsal | undefined): Result {
  if (rehearsal === undefined) {
    return info(
      'no rehearsal with a freeze is on record',
      'See how long applications would wait; the plan is shown first:\n$ quiesced rehearse',
    );
  }
  const { startedAt, frozenMs, slowest } = rehearsal;
  const took = `frozen for ${seconds(frozenMs)} on ${startedAt.slice(0, 10)}`;
  if (frozenMs <= FREEZE.slowMs) return pass(took);
  const where = slowest === undefined ? '' : `; ${slowest.mountPoint} took ${seconds(slowest.tookMs)} to freeze`;
  const detail = `${took}${where}: every program that writes waits for so long`;
  const remedy =
    'Take the backup at a calmer hour, and let the kernel write sooner; then rehearse again:\n$ sysctl -w vm.dirty_background_bytes=67108864\n$ quiesced rehearse';
  return frozenMs > FREEZE.failsMs ? fail(detail, remedy) : warn(detail, remedy);
}

const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
