import { join } from 'node:path';
import { PATHS } from '../../../agent/system/paths.ts';
import { readableText } from '../../../agent/system/readable.ts';
import type { System } from '../../../agent/system/system.ts';

const LOOK_MS = 1000;

/** Has a job let go of everything and report that it was ended. */
export async function tellToEnd(system: System, pid: number): Promise<void> {
  // The holder is not known before it has written itself in; 0 would be our own process group.
  if (pid <= 1) return;
  // A signal is no word there but the end at once: https://nodejs.org/api/process.html#signal-events
  if (system.platform === 'windows') return system.write(noteOf(system), String(pid), { mode: 0o600 });
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // Gone meanwhile.
  }
}

/** The other side of it on Windows: looks for a note with our number. Keeps no process from ending. */
export function whenToldToEnd(system: System, end: () => void): void {
  const told = async (): Promise<boolean> => {
    // Somebody has it open for a moment, as those do who look for viruses: it is there the next time.
    const note = await readableText(system, noteOf(system)).catch(() => undefined);
    return note === String(process.pid);
  };
  const forget = () => system.remove(noteOf(system)).catch(() => undefined);
  // Of one that had our number before us, and ended without reading it.
  const begun = told().then((stale) => (stale ? forget() : undefined));
  const timer = setInterval(async () => {
    await begun;
    if (!(await told())) return;
    clearInterval(timer);
    await forget();
    end();
  }, LOOK_MS);
  timer.unref();
}

const noteOf = ({ platform }: System): string => join(PATHS[platform].runtime, 'azure-job.end');
