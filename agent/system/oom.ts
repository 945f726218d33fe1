import { writeFileSync } from 'node:fs';

/** Whoever must thaw or recover should be the last that the kernel's out-of-memory killer takes: proc(5). */
export const sparedByOomKiller = (): void => setScore(-900);

/** Gives up an inherited protection: what we start from here is not for us to protect. */
export const atEaseWithOomKiller = (): void => setScore(0);

function setScore(score: number): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', String(score));
  } catch {
    // Not allowed in some containers. It is a precaution, not a line of defence.
  }
}
