import { closeSync, fstatSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { FileSystem } from './mounts.ts';

/**
 * What is owed while file systems are frozen: one JSON object a line, only ever appended to. It lives on a tmpfs, which
 * is never frozen, and is opened before the freeze, so that a line costs one write that cannot block.
 * A line is written before the effect that it announces, and after the one that it settles.
 */
export interface FreezeJournal {
  readonly fd: number;
  /** Will be frozen next; whatever its ioctl came to, a thaw is owed until `settled`. */
  intend(fileSystems: readonly JournalledFileSystem[]): void;
  /** Thawed, or never frozen by us: nothing is owed for it. */
  settled(id: string, how: 'thawed' | 'foreign' | 'failed'): void;
  expedited(): void;
  restored(): void;
  /** Everything is given back: the record goes. */
  remove(): void;
  close(): void;
}

export type JournalledFileSystem = Pick<FileSystem, 'id' | 'mountPoint' | 'mountPoints'>;

type Line =
  | { readonly intend: readonly JournalledFileSystem[]; readonly bootId: string }
  | { readonly settled: string; readonly how: string }
  | { readonly expedited: boolean };

export function openFreezeJournal(path: string, bootId: string): FreezeJournal {
  const fd = openSync(path, 'a', 0o600);
  // Whoever wrote before us may have been killed in the middle of a line, and ours must not become its end.
  if (fstatSync(fd).size > 0) writeSync(fd, '\n');
  const append = (line: Line) => {
    writeSync(fd, `${JSON.stringify(line)}\n`);
  };
  return {
    fd,
    intend: (fileSystems) =>
      append({
        bootId,
        intend: fileSystems.map(({ id, mountPoint, mountPoints }) => ({ id, mountPoint, mountPoints })),
      }),
    settled: (id, how) => append({ settled: id, how }),
    expedited: () => append({ expedited: true }),
    restored: () => append({ expedited: false }),
    remove: () => removeFreezeJournal(path),
    close: () => closeSync(fd),
  };
}

export function removeFreezeJournal(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

export interface OwedFreeze {
  readonly fileSystems: readonly JournalledFileSystem[];
  /** `rcu_expedited` was raised by us and not put back. */
  readonly expedited: boolean;
  /** A reboot has thawed everything, whatever the record says. */
  readonly bootId: string;
}

/** Reads what is owed; undefined when there is no record. A torn last line is one that was never acted upon. */
export function readFreezeJournal(path: string): OwedFreeze | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const owed = new Map<string, JournalledFileSystem>();
  let expedited = false;
  let bootId = '';
  for (const line of text.split('\n').flatMap(parseLine)) {
    if ('intend' in line) {
      bootId = line.bootId;
      for (const fileSystem of line.intend) owed.set(fileSystem.id, fileSystem);
    } else if ('settled' in line) owed.delete(line.settled);
    else expedited = line.expedited;
  }
  return { fileSystems: [...owed.values()], expedited, bootId };
}

function parseLine(text: string): readonly Line[] {
  if (text === '') return [];
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? [value as Line] : [];
  } catch {
    // Only the last line of a process can be torn, by a kill in the middle of its write.
    return [];
  }
}
