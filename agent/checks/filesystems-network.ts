import type { Classified } from '../freezer/classes.ts';
import type { FileSystem } from '../freezer/mounts.ts';
import { askStatfs, SILENT_AFTER_MS, type StatfsAnswer } from '../system/statfs.ts';
import type { System } from '../system/system.ts';
import { type Check, type CheckContext, info, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { gatherStorage, isNetwork, listed, NO_MOUNTS, pasted } from './storage-evidence.ts';

/** A program that lists or opens something on a dead mount hangs, and the backup extension lists them all. */
export const networkMountsAnswer: Check = {
  id: 'fs.network',
  group: 'storage',
  title: 'Network file systems answer, or there are none',
  platforms: ['linux'],
  source: `${SOURCES.supportMatrix}; https://github.com/Azure/azure-linux-extensions/issues/1237 (2021)`,
  timeoutMs: 8000,
  async run(system, context) {
    const { mounts } = await context.evidence(gatherStorage);
    return mounts.length === 0 ? skip(NO_MOUNTS) : judgeNetwork(await askNetwork(system, context));
  },
};

/** A mount that another one covers is left out: its path leads elsewhere. */
async function askNetwork(system: System, { evidence }: CheckContext): Promise<ReadonlyMap<string, StatfsAnswer>> {
  const { fileSystems } = await evidence(gatherStorage);
  return askStatfs(system, serverGroups(fileSystems));
}

/**
 * One program a server, not a mount: five hundred home folders are one answer, and it is the server that dies. Those
 * of one server are told silent together.
 */
export function serverGroups(fileSystems: readonly Classified[]): readonly (readonly string[])[] {
  const network = fileSystems.map(({ fileSystem }) => fileSystem).filter((each) => isNetwork(each) && !each.hidden);
  return [...Map.groupBy(network, serverOf).values()].map((mounts) => mounts.map(({ mountPoint }) => mountPoint));
}

/** `server:/path`, `[fe80::1]:/path`, `user@server:path`, `//server/share`; a mount that names none is its own. */
export function serverOf({ source, mountPoint }: Pick<FileSystem, 'source' | 'mountPoint'>): string {
  const share = /^\/\/([^/]+)\//.exec(source)?.[1];
  const exported = /^(\[[^\]]+\]|[^:/]+):/.exec(source)?.[1];
  return share ?? exported?.replace(/^.*@/, '') ?? mountPoint;
}

export function judgeNetwork(answers: ReadonlyMap<string, StatfsAnswer>): Result {
  if (answers.size === 0) return pass('there are none');
  const silent = [...answers].flatMap(([path, { state }]) => (state === 'silent' ? [path] : []));
  const failed = [...answers].flatMap(([path, answer]) =>
    // Whoever may not look has been answered.
    answer.state === 'failed' && answer.reason !== 'Permission denied' ? [`${path} (${answer.reason})`] : [],
  );
  const unknown = [...answers].flatMap(([path, { state }]) => (state === 'not-asked' ? [path] : []));
  const dead = [
    ...(silent.length > 0 ? [`no answer within ${SILENT_AFTER_MS / 1000} s from ${listed(silent)}`] : []),
    ...(failed.length > 0 ? [listed(failed)] : []),
  ];
  if (dead.length > 0) {
    const first = silent[0] ?? [...answers].find(([, { state }]) => state === 'failed')?.[0] ?? '';
    const place = pasted(first);
    const rest = unknown.length > 0 ? `; ${unknown.length} more were not asked` : '';
    return warn(
      `${dead.join('; ')}${rest}: programs that look there hang, the backup extension's too`,
      `Bring the server back, or detach the mount until it is:\n$ findmnt ${place}\n$ umount --force --lazy ${place}`,
    );
  }
  if (unknown.length === answers.size) return skip('there is no program stat to ask with');
  return info(`${listed([...answers.keys()])}: not part of this machine's backup`);
}
