import type { FreezeState, FreezeStep, ThawReport } from './freezer.ts';
import type { JournalledFileSystem } from './journal.ts';

/** What the daemon tells the guard, one JSON object a line on the guard's stdin. The end of stdin means: thaw. */
export type ToGuard =
  | { readonly do: 'open'; readonly order: GuardOrder }
  | { readonly do: 'freeze' }
  | { readonly do: 'thaw' }
  /** All is settled on the daemon's side: leave without recovering in its place. */
  | { readonly do: 'bye' };

export interface GuardOrder {
  readonly groups: readonly (readonly JournalledFileSystem[])[];
  readonly deadlineMs: number;
  readonly expedite: boolean;
  readonly journalPath: string;
  readonly bootId: string;
  readonly safeFreezeFolder: string;
  /** Who gives it: whether he is dead is not told by a pipe that has closed. */
  readonly daemonPid: number;
  /** Test guard, see `assertNamedByTest`. */
  readonly testDevices?: readonly string[];
}

/** What the guard answers, likewise on its stdout. */
export type FromGuard =
  | { readonly event: 'opened'; readonly steps: readonly FreezeStep[] }
  | { readonly event: 'refused'; readonly code?: string; readonly message: string; readonly remedy?: string }
  /** Just before the first FIFREEZE: the deadline runs from here. */
  | { readonly event: 'armed'; readonly atMs: number }
  | { readonly event: 'froze'; readonly fileSystems: readonly FreezeState[]; readonly steps: readonly FreezeStep[] }
  /** The freeze does not hold any more, and nobody asked for that. */
  | { readonly event: 'lost'; readonly reason: string }
  | { readonly event: 'thawed'; readonly report: ThawReport };

/** Cuts a stream of bytes into JSON objects; a line that is none is a broken peer and ends in `onBroken`. */
export function lineReader<T>(
  onMessage: (message: T) => void,
  onBroken: (line: string) => void,
): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = parseObject(line);
      if (message === undefined) onBroken(line);
      else onMessage(message as T);
    }
  };
}

function parseObject(line: string): object | undefined {
  // What throws costs a hundred times as much.
  if (!/^[[{]/.test(line)) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
