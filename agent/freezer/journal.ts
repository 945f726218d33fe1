import { closeSync, fstatSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { errnoOf, messageOf, UserError } from '../errors.ts';
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
  /** The deadline has begun, for all that was intended: whoever finds them owed beyond it may thaw them. */
  armed(deadline: ArmedDeadline): void;
  /** Thawed, or never frozen by us: nothing is owed for it. */
  settled(id: string, how: 'thawed' | 'foreign' | 'failed'): void;
  expedited(): void;
  restored(): void;
  /** Removes the record, unless something is owed: by us, or still by a run before us. */
  removeIfSettled(): void;
  close(): void;
}

/** On the monotonic clock, which all processes share. */
export interface ArmedDeadline {
  readonly atMs: number;
  readonly untilMs: number;
}

export type JournalledFileSystem = Pick<FileSystem, 'id' | 'mountPoint' | 'mountPoints'>;

type Line =
  | { readonly intend: readonly JournalledFileSystem[]; readonly bootId: string }
  | { readonly armed: ArmedDeadline }
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
    armed: ({ atMs, untilMs }) => append({ armed: { atMs, untilMs } }),
    settled: (id, how) => append({ settled: id, how }),
    expedited: () => append({ expedited: true }),
    restored: () => append({ expedited: false }),
    removeIfSettled: () => removeSettledJournal(path),
    close: () => closeSync(fd),
  };
}

/** Removes the record if nothing is owed any more. */
export function removeSettledJournal(path: string): void {
  const owed = readFreezeJournal(path);
  if (owed !== undefined && owed.fileSystems.length === 0 && !owed.expedited) removeFreezeJournal(path);
}

/** Whatever it says. For what a reboot has settled. */
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
  /** Of the last freeze that was begun, also if it is settled; undefined when none was. */
  readonly armed: ArmedDeadline | undefined;
  /** Of the last freeze: a reboot has thawed everything, whatever the record says. Undefined when none was begun. */
  readonly bootId: string | undefined;
}

/**
 * Reads what is owed; undefined when there is no record. Throws a `UserError` (`journal.broken`) for one that is not
 * ours to the last line: what it does not say may still be frozen.
 */
export function readFreezeJournal(path: string): OwedFreeze | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw broken(path, messageOf(error));
  }
  const owed = new Map<string, JournalledFileSystem>();
  let expedited = false;
  let bootId: string | undefined;
  let armed: ArmedDeadline | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const read = parseLine(line);
    if (read === 'torn') continue;
    if (read === 'not ours') throw broken(path, `line ${index + 1} is none of ours`);
    if ('intend' in read) {
      // A reboot has thawed everything that was frozen before it.
      if (read.bootId !== bootId) {
        owed.clear();
        armed = undefined;
      }
      bootId = read.bootId;
      for (const fileSystem of read.intend) owed.set(fileSystem.id, fileSystem);
    } else if ('armed' in read) armed = read.armed;
    else if ('settled' in read) owed.delete(read.settled);
    else expedited = read.expedited;
  }
  return { fileSystems: [...owed.values()], expedited, armed, bootId };
}

/** How our lines begin: one that was cut off by a kill in the middle of its write was never acted upon. */
const BEGINNINGS = ['{"bootId":', '{"armed":', '{"settled":', '{"expedited":'];

function parseLine(text: string): Line | 'torn' | 'not ours' {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const known = BEGINNINGS.some((beginning) => beginning.startsWith(text) || text.startsWith(beginning));
    return known && !text.includes('\0') ? 'torn' : 'not ours';
  }
  return isLine(value) ? value : 'not ours';
}

const isLine = (value: unknown): value is Line => {
  if (!isObject(value)) return false;
  if ('intend' in value) return typeof value.bootId === 'string' && isList(value.intend);
  if ('armed' in value) return isObject(value.armed) && isTime(value.armed.atMs) && isTime(value.armed.untilMs);
  return 'settled' in value ? typeof value.settled === 'string' : typeof value.expedited === 'boolean';
};

const isList = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every(
    (each: unknown) =>
      isObject(each) &&
      typeof each.id === 'string' &&
      typeof each.mountPoint === 'string' &&
      Array.isArray(each.mountPoints) &&
      each.mountPoints.every((point: unknown) => typeof point === 'string'),
  );

const isTime = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const broken = (path: string, why: string): UserError =>
  new UserError('journal.broken', `${path} says what is frozen, and cannot be read: ${why}`, {
    remedy: `Thaw what is frozen (fsfreeze --unfreeze MOUNT-POINT), then remove it: rm ${path}`,
  });
