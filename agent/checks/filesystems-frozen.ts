import { setTimeout as sleep } from 'node:timers/promises';
import { readFreezeJournal } from '../freezer/journal.ts';
import { PATHS } from '../system/paths.ts';
import { modifiedMs, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, fail, info, pass, type Result, skip } from './check.ts';
import { listed } from './storage-evidence.ts';
import { tasksWaitingForThaw, type WaitingTask } from './waiting-tasks.ts';

/** What tells that a file system is frozen now. Nobody writes to find out: a probe would hang with all the others. */
export interface FrozenSigns {
  /** Mount points that our own record says we froze and have not thawed, in this boot. */
  readonly owed: readonly string[];
  /** Since the record's last line. */
  readonly owedForMs: number;
  /** Tasks that waited for a thaw, and still did a moment later. */
  readonly waiting: readonly WaitingTask[];
}

/** `[snapshot] frozen-deadline` is 60 s at most, and half a second later the last line of defence has thawed. */
const LONGEST_FREEZE_MS = 90_000;
const LOOK_AGAIN_MS = 1000;

export const nothingIsFrozen: Check = {
  id: 'fs.already-frozen',
  group: 'storage',
  title: 'No file system is frozen now',
  platforms: ['linux'],
  needsRoot: true,
  source: 'FIFREEZE answers EBUSY: freeze_super, fs/super.c (Linux 6.18)',
  async run(system) {
    if (!system.live) return skip('only a running machine has frozen file systems');
    return judgeFrozen(await gatherFrozen(system));
  },
};

async function gatherFrozen(system: System): Promise<FrozenSigns> {
  const path = `${PATHS.linux.journal}/freeze.jsonl`;
  const [bootId, changedMs, before] = await Promise.all([
    readableText(system, '/proc/sys/kernel/random/boot_id'),
    modifiedMs(system, path),
    tasksWaitingForThaw(system),
  ]);
  // On a tmpfs, small, and there for as long as a freeze lasts only.
  const record = readFreezeJournal(system.resolve(path));
  const owed = record !== undefined && record.bootId === bootId?.trim() ? record.fileSystems : [];
  return {
    owed: owed.map(({ mountPoint }) => mountPoint),
    owedForMs: Math.max(0, system.clock.now().getTime() - (changedMs ?? 0)),
    waiting: before.length === 0 ? [] : await stillWaiting(system, before),
  };
}

/** A lock of that kind is also waited for in a healthy machine, for a millisecond. */
async function stillWaiting(system: System, before: readonly WaitingTask[]): Promise<readonly WaitingTask[]> {
  await sleep(LOOK_AGAIN_MS);
  const pids = new Set(before.map(({ pid }) => pid));
  return (await tasksWaitingForThaw(system)).filter(({ pid }) => pids.has(pid));
}

export function judgeFrozen({ owed, owedForMs, waiting }: FrozenSigns): Result {
  if (owed.length > 0 && owedForMs <= LONGEST_FREEZE_MS) {
    return info(`${listed(owed)}: frozen by quiesced just now, for a snapshot that is under way`);
  }
  if (owed.length > 0) {
    return fail(
      `${listed(owed)}: on record as frozen by quiesced ${Math.round(owedForMs / 60_000)} min ago, and not as thawed`,
      'Thaw what is on record:\n$ quiesced thaw',
    );
  }
  if (waiting.length === 0) return pass('nobody waits for one to be thawed');
  const names = [...new Set(waiting.map(({ pid, name }) => `${name} (${pid})`))];
  return fail(
    `${listed(names)}: waiting to write to a file system that somebody else froze`,
    'Wait for the snapshot of whoever froze it to end; if there is none, find the file system by what waits, and thaw it:\n' +
      `$ ls -l /proc/${waiting[0]?.pid}/fd\n$ fsfreeze --unfreeze MOUNTPOINT`,
  );
}
