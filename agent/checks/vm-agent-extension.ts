import { modifiedMs, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, info, pass, type Result, skip, warn } from './check.ts';
import { EXTENSION_RUN, SOURCES } from './limits.ts';
import { SNAPSHOT_CODES } from './vm-snapshot-codes.ts';
import { gatherWaagent } from './waagent.ts';
import { compareVersions } from './waagent-version.ts';
import { gatherWindowsExtension, judgeWindowsExtension } from './windows-extension.ts';

/** Microsoft's backup extension as it left its folder; undefined parts were not there. */
export interface ExtensionSigns {
  readonly version: string;
  /** `Enabled`, `Installed`, `NotInstalled`, `FailedUpgrade`: config/HandlerState, written by the agent. */
  readonly state: string | undefined;
  /** What the agent reports of it: config/HandlerStatus. */
  readonly handler: { readonly status: string; readonly message: string } | undefined;
  /** Its own last word: status/N.status. */
  readonly last: { readonly code: number; readonly message: string; readonly ageMs: number } | undefined;
  /** Where its last word is, which is not understood. */
  readonly unread?: string | undefined;
}

const EXTENSION = /^Microsoft\.Azure\.RecoveryServices\.VMSnapshotLinux-(\d[\d.]*)$/;

export const extensionIsWell: Check = {
  id: 'agent.extension-state',
  group: 'agent',
  title: 'The backup extension is well',
  needsRoot: true,
  dependsOn: ['agent.installed'],
  source: `${SOURCES.troubleshoot}; azure-linux-extensions VMBackup (2026-08)`,
  async run(system, { evidence }) {
    if (system.platform === 'windows') return judgeWindowsExtension(await gatherWindowsExtension(system));
    const { libDir } = await evidence(gatherWaagent);
    return judgeExtension(await readExtension(system, libDir));
  },
};

/** The transitional code: it stays when the run dies half-way, since nothing resumes it. */
const AT_WORK = 4;
/** Snapshots were taken: with applications at rest, or with file systems at rest. */
const DONE = [0, 1];

/** Whether a run of it has begun and may still come to its end. */
export const isAtWork = ({ last }: ExtensionSigns): boolean => last?.code === AT_WORK && last.ageMs <= EXTENSION_RUN.ms;

export function judgeExtension(signs: ExtensionSigns | undefined): Result {
  if (signs === undefined)
    return info('the backup extension is not installed yet: the service brings it with the first backup');
  const { version, state, handler, last } = signs;
  const remedy =
    'See its log, then start a backup from the portal, which also installs it anew:\n$ tail -n 50 /var/log/azure/Microsoft.Azure.RecoveryServices.VMSnapshotLinux/*/extension.log';
  if (state !== undefined && state !== 'Enabled') return warn(`VMSnapshotLinux ${version} is ${state}`, remedy);
  if (handler !== undefined && handler.status !== 'Ready') {
    return warn(`VMSnapshotLinux ${version} is ${handler.status}: ${handler.message || 'no reason given'}`, remedy);
  }
  if (signs.unread !== undefined)
    return skip(`${signs.unread} is not understood, so nothing is known of the last backup`);
  if (last === undefined) return pass(`${version}, and no backup yet`);
  const { meaning, see } = SNAPSHOT_CODES[last.code] ?? { meaning: last.message || 'a code that is not known here' };
  const told = `VMSnapshotLinux ${version}, code ${last.code}: ${meaning}`;
  if (DONE.includes(last.code)) return pass(told);
  if (last.code !== AT_WORK) return warn(told, see === undefined ? remedy : `Look at ${see} first. ${remedy}`);
  if (isAtWork(signs)) return info(told);
  return warn(
    `VMSnapshotLinux ${version} has been at work for ${Math.round(last.ageMs / 3_600_000)} hours: that run has died`,
    remedy,
  );
}

/** As it left its folder below `libDir`; undefined when it is not installed. */
export async function readExtension(system: System, libDir: string): Promise<ExtensionSigns | undefined> {
  const versions = (await readableList(system, libDir)).flatMap((name) => EXTENSION.exec(name)?.[1] ?? []);
  const version = versions.sort(compareVersions).at(-1);
  if (version === undefined) return undefined;
  const folder = `${libDir}/Microsoft.Azure.RecoveryServices.VMSnapshotLinux-${version}`;
  const [state, handler, last] = await Promise.all([
    readableText(system, `${folder}/config/HandlerState`),
    readableText(system, `${folder}/config/HandlerStatus`),
    newestStatus(system, `${folder}/status`),
  ]);
  return { version, state: state?.trim() || undefined, handler: handlerOf(handler ?? ''), ...last };
}

async function newestStatus(system: System, folder: string): Promise<Pick<ExtensionSigns, 'last' | 'unread'>> {
  const paths = (await readableList(system, folder))
    .filter((name) => /^\d+\.status$/.test(name))
    .map((name) => `${folder}/${name}`);
  const dated = await Promise.all(paths.map(async (path) => ({ path, ms: (await modifiedMs(system, path)) ?? 0 })));
  const newest = dated.sort((a, b) => b.ms - a.ms)[0];
  if (newest === undefined) return { last: undefined };
  const status = statusOf((await readableText(system, newest.path)) ?? '');
  if (status === undefined) return { last: undefined, unread: newest.path };
  return { last: { ...status, ageMs: system.clock.now().getTime() - newest.ms } };
}

export function handlerOf(text: string): ExtensionSigns['handler'] {
  const { status, message } = record(json(text));
  return typeof status === 'string' ? { status, message: typeof message === 'string' ? message : '' } : undefined;
}

/**
 * The outer status is `success` whatever happened; the real report is JSON in the name of the only substatus, with the
 * code as a string, and its message is JSON once more. Before the extension has said anything the agent does so in its
 * place, with code 0, which of the extension would mean success: `transitioning`.
 */
export function statusOf(text: string): Omit<NonNullable<ExtensionSigns['last']>, 'ageMs'> | undefined {
  const outer = record(record(first(json(text))).status);
  const embedded = record(first(outer.substatus)).name;
  const inner = record(record(first(json(embedded))).status);
  const byAgent = inner.code === undefined && outer.status === 'transitioning';
  const said = inner.code === undefined ? outer : inner;
  const { code, formattedMessage } = byAgent ? { ...outer, code: AT_WORK } : said;
  if (typeof code !== 'number' && typeof code !== 'string') return undefined;
  if (!/^\d+$/.test(String(code))) return undefined;
  const { message } = record(formattedMessage);
  const { messageStr } = record(json(message));
  const words = [messageStr, message].find((each) => typeof each === 'string');
  return { code: Number(code), message: typeof words === 'string' ? words : '' };
}

/** Undefined for whatever is not JSON. */
function json(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
