import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrozenSet, type Member } from '../../../agent/freezer/frozen-set.ts';
import { type FreezeJournal, type JournalledFileSystem, openFreezeJournal } from '../../../agent/freezer/journal.ts';
import { type FakeClock, fakeClock } from '../../fakes/clock.ts';
import { type FakeLibc, fakeLibc } from '../../fakes/libc.ts';

export interface Teardown {
  teardown(last: () => void): unknown;
}

export function temporaryFolder(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits for what other threads or timers are to bring about; long, since the machine may be busy. */
export async function until(what: string, done: () => boolean, withinMs = 30_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!done()) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await sleep(2);
  }
}

/** `a` is at `/a`, is the device 7:101, and is opened as descriptor 101; `b` is the next. */
export const numberOf = (name: string): number => name.charCodeAt(0) - 'a'.charCodeAt(0) + 101;
export const fileSystemOf = (name: string): JournalledFileSystem => ({
  id: `7:${numberOf(name)}`,
  mountPoint: `/${name}`,
  mountPoints: [`/${name}`],
});

export interface SetRig {
  readonly set: FrozenSet;
  readonly libc: FakeLibc;
  readonly clock: FakeClock;
  readonly journal: FreezeJournal;
  readonly journalPath: string;
  /** The states of all, by their letters: `a frozen`. */
  states(): readonly string[];
  /** What has happened in the kernel, by letters: `froze a`. */
  effects(): readonly string[];
  calls(): readonly string[];
}

/** Numbers back to letters. */
export const lettered = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.replace(/\d+/, (number) => String.fromCharCode(Number(number) - 101 + 'a'.charCodeAt(0))));

/** @param groups each a string of letters, every letter a file system. */
export function setRig(t: Teardown, groups: readonly string[], journal?: Partial<FreezeJournal>): SetRig {
  const libc = fakeLibc();
  const clock = fakeClock();
  const journalPath = join(temporaryFolder(t), 'freeze.jsonl');
  const members = groups.map((group) =>
    [...group].map((name): Member => ({ fileSystem: fileSystemOf(name), fd: numberOf(name), state: 'open' })),
  );
  const opened = { ...openFreezeJournal(journalPath, 'boot-1'), ...journal };
  t.teardown(() => opened.close());
  const set = new FrozenSet(members, libc, clock, opened);
  return {
    set,
    libc,
    clock,
    journal: opened,
    journalPath,
    states: () => set.states.map(({ mountPoint, state }) => `${mountPoint.slice(1)} ${state}`),
    effects: () => lettered(libc.effects),
    calls: () => lettered(libc.calls),
  };
}
