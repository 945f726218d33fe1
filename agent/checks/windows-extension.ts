import { modifiedMs, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { info, pass, type Result, skip, warn } from './check.ts';
import { EXTENSION_RUN } from './limits.ts';
import { compareVersions } from './waagent-version.ts';
import { systemDrive } from './windows-agent.ts';

/** Microsoft's backup extension for Windows, as it left its folder. */
export interface WindowsExtension {
  readonly version: string;
  /** Its own last word; undefined where it has not spoken yet. */
  readonly last: (ExtensionStatus & { readonly ageMs: number }) | undefined;
  /** Where its last word is, which is not understood. */
  readonly unread?: string;
}

/** What every extension reports, by the protocol of handlers. */
export interface ExtensionStatus {
  /** `success`, `transitioning`, `warning`, `error`. */
  readonly status: string;
  readonly code: number;
  readonly message: string;
}

const NAME = 'Microsoft.Azure.RecoveryServices.VMSnapshot';

export async function gatherWindowsExtension(system: System): Promise<WindowsExtension | undefined> {
  const folder = `${systemDrive(system)}\\Packages\\Plugins\\${NAME}`;
  const versions = (await readableList(system, folder)).filter((name) => /^\d[\d.]*$/.test(name));
  const version = versions.toSorted(compareVersions).at(-1);
  if (version === undefined) return undefined;
  const status = `${folder}\\${version}\\status`;
  const names = (await readableList(system, status)).filter((name) => /^\d+\.status$/.test(name));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, ms: (await modifiedMs(system, `${status}\\${name}`)) ?? 0 })),
  );
  const newest = dated.toSorted((a, b) => b.ms - a.ms)[0];
  if (newest === undefined) return { version, last: undefined };
  const path = `${status}\\${newest.name}`;
  const said = parseExtensionStatus((await readableText(system, path)) ?? '');
  if (said === undefined) return { version, last: undefined, unread: path };
  return { version, last: { ...said, ageMs: system.clock.now().getTime() - newest.ms } };
}

/** `[{"status": {"status", "code", "formattedMessage": {"message"}}}]`; undefined for anything else. */
export function parseExtensionStatus(text: string): ExtensionStatus | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
  const [first] = Array.isArray(parsed) ? parsed : [];
  const { status, code, formattedMessage } = first?.status ?? {};
  const message = formattedMessage?.message;
  if (typeof status !== 'string') return undefined;
  const number = typeof code === 'number' || typeof code === 'string' ? Number(code) : 0;
  return { status, code: number || 0, message: typeof message === 'string' ? message : '' };
}

export function judgeWindowsExtension(extension: WindowsExtension | undefined): Result {
  if (extension === undefined) {
    return info('the backup extension is not installed yet: the service brings it with the first backup');
  }
  const { version, last, unread } = extension;
  if (unread !== undefined) return skip(`${unread} is not understood, so nothing is known of the last backup`);
  const remedy = `See its log, then start a backup from the portal, which also installs it anew:\n$ dir /o-d C:\\WindowsAzure\\Logs\\Plugins\\${NAME}\\${version}`;
  if (last === undefined) return pass(`${version}, and no backup yet`);
  const told = `VMSnapshot ${version}: ${last.status}, code ${last.code}${last.message === '' ? '' : `: ${last.message}`}`;
  if (last.status === 'success') return pass(told);
  if (last.status !== 'transitioning') return warn(told, remedy);
  if (last.ageMs <= EXTENSION_RUN.ms) return info(told);
  return warn(
    `VMSnapshot ${version} has been at work for ${Math.round(last.ageMs / 3_600_000)} hours: that run has died`,
    remedy,
  );
}
