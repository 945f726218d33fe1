import { writeFileSync } from 'node:fs';

/** Whoever must thaw or recover should be the last that the kernel's out-of-memory killer takes: proc(5). */
export const sparedByOomKiller = (): void => setScore('self', -900);

/** Gives up an inherited protection, for this process and what it starts from here, or for a child. */
export const atEaseWithOomKiller = (process: number | 'self' = 'self'): void => setScore(process, 0);

function setScore(process: number | 'self', score: number): void {
  try {
    writeFileSync(`/proc/${process}/oom_score_adj`, String(score));
  } catch {
    // Not allowed in some containers. It is a precaution, not a line of defence.
  }
}
