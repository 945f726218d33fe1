import { join } from 'node:path';
import { isAtWork, readExtension } from './checks/vm-agent-extension.ts';
import { SAFE_FREEZE_FOLDER } from './freezer/safe-freeze-lock.ts';
import { readOwed } from './snapshot/journal.ts';
import { holdersOf } from './system/lock-holders.ts';
import { readableText } from './system/readable.ts';
import type { System } from './system/system.ts';
import { LIB_DIR, parseWaagentConf, WAAGENT_CONFS } from './system/waagent-conf.ts';

/**
 * Why the VM agent must not be restarted now, in words; undefined when it may be. Its extensions end with it, and one
 * that is ended while it backs up leaves the backup failed. Whether a run of ours is under way the lock tells.
 */
export async function backupUnderWay(system: System): Promise<string | undefined> {
  const [owed, extension, holders] = await Promise.all([
    readOwed(system),
    libDirOf(system).then((libDir) => readExtension(system, libDir)),
    holdersOf(system, [join(SAFE_FREEZE_FOLDER, 'SafeFreezeLockFile')]),
  ]);
  const [first] = owed;
  if (first !== undefined) return `the ${first.run.kind} of ${first.run.startedAt} still owes something: quiesced thaw`;
  const [holder] = holders;
  if (holder !== undefined) return `${holder.command} (process ${holder.pid}) freezes file systems`;
  if (extension === undefined || !isAtWork(extension)) return undefined;
  const minutes = Math.max(0, Math.round((extension.last?.ageMs ?? 0) / 60_000));
  return `VMSnapshotLinux ${extension.version} has been at work for ${minutes} min`;
}

async function libDirOf(system: System): Promise<string> {
  for (const path of WAAGENT_CONFS) {
    const text = await readableText(system, path);
    if (text !== undefined) return parseWaagentConf(text).values.get('Lib.Dir') ?? LIB_DIR;
  }
  return LIB_DIR;
}
