import { posix } from 'node:path';
import { loadConfig } from '../../agent/config/load.ts';
import type { Config } from '../../agent/config/schema.ts';
import { UserError } from '../../agent/errors.ts';
import { HOST_CONF, readAzureScripts, readHostConf } from '../../agent/scripts/azure.ts';
import { parsePluginConfig } from '../../agent/scripts/plugin-config.ts';
import { REGISTRATION } from '../../agent/scripts/registration.ts';
import type { Change } from '../../agent/system/changes.ts';
import { ownerOf, planFile, writeOwned } from '../../agent/system/owned-file.ts';
import { isThere, modifiedMs, readableText } from '../../agent/system/readable.ts';
import type { System } from '../../agent/system/system.ts';
import { assertOnlyRootCanChange } from '../../agent/system/trust.ts';
import type { Integration, IntegrationPlan, Note } from '../integration.ts';
import { configText, HELD_MARK, originIn, postText, preText, type RegistrationPolicy } from './registration-text.ts';

const FOLDER = '/etc/azure';
/** Where the extension looks unless `VMSnapshotPluginHost.conf` says otherwise. */
const CONFIG = `${FOLDER}/VMSnapshotScriptPluginConfig.json`;
const ADOPTED_FOLDER = posix.dirname(REGISTRATION.adopted);

/** Enough for any script that is waited for; the extension allows 1800 s for everything together. */
const TIMEOUT_S = 900;
/** It waits 66 s for its freeze, and holds it for 60 s: reference VMSnapshotLinux, timeouts. */
const HELD_BY_EXTENSION_MS = 126_000;
/** `[snapshot] quiesce-deadline` is 30 min at most: an older mark was left behind by a run that died. */
const HELD_AT_MOST_MS = 30 * 60_000;

/**
 * Microsoft's backup extension (VMSnapshotLinux) freezes and snapshots; registered as its pre and post script, quiesced
 * holds the applications around that. Scripts that were registered before are run by quiesced, in the same order and with
 * the same arguments; their file is kept to the byte, and put back by `--remove`.
 */
export const azureBackup: Integration = {
  id: 'azure-backup',
  platforms: ['linux'],

  async plan(system, self) {
    await assertNotHeld(system);
    return self === undefined ? planRemoval(system) : planRegistration(system, self);
  },
};

async function planRegistration(system: System, self: readonly string[]): Promise<IntegrationPlan> {
  await assertOnlyRootCanChange(system, self, { code: 'integrate.unsafe', as: 'around a freeze' });
  const { config } = await loadConfig(system);
  const original = await originalOf(system);
  const policy = await policyOf(system, config, original);
  const folderThere = await isThere(system, FOLDER);
  const origin = folderThere ? originIn((await readableText(system, REGISTRATION.pre)) ?? '') : 'made';
  const changes: readonly Change[] = [
    ...(folderThere ? [] : [{ do: 'make-folder' as const, path: FOLDER, mode: 0o755 }]),
    ...(await planFile(system, REGISTRATION.pre, { text: preText(self, origin, policy), mode: 0o700 })),
    ...(await planFile(system, REGISTRATION.post, { text: postText(self, policy), mode: 0o700 })),
    // Last: until then the extension finds what it found before.
    ...(await planConfig(system, policy, original)),
  ];
  return { changes, notes: await notesOf(system, config) };
}

/** The file that somebody else wrote: in its place still, or where quiesced keeps it. */
interface Original {
  readonly text: string;
  readonly at: 'place' | 'kept';
}

async function originalOf(system: System): Promise<Original | undefined> {
  const kept = await system.readText(REGISTRATION.adopted, 'latin1');
  const present = await system.readText(CONFIG, 'latin1');
  if (present === undefined || ownerOf(present) !== 'somebody')
    return kept === undefined ? undefined : { text: kept, at: 'kept' };
  if (kept !== undefined && kept !== present) throw twoOriginals();
  return { text: present, at: 'place' };
}

async function planConfig(
  system: System,
  policy: RegistrationPolicy,
  original: Original | undefined,
): Promise<readonly Change[]> {
  const wanted = { text: configText(policy), mode: 0o600, seal: 'member' as const };
  if (original?.at !== 'place') return planFile(system, CONFIG, wanted);
  const mode = (await system.stat(CONFIG))?.mode ?? 0o600;
  return [
    { do: 'make-folder', path: ADOPTED_FOLDER, mode: 0o755 },
    { do: 'write', path: REGISTRATION.adopted, text: original.text, mode, encoding: 'latin1' },
    // A write would keep the mode of what it replaces.
    { do: 'remove', path: CONFIG },
    writeOwned(CONFIG, wanted),
  ];
}

/**
 * As the scripts that are adopted had it; a backup fails with its application also where [snapshot] on-failure says so.
 * What the extension refuses today is not adopted: then scripts would run that never did.
 */
async function policyOf(
  system: System,
  { snapshot }: Config,
  original: Original | undefined,
): Promise<RegistrationPolicy> {
  const host = await readHostConf(system);
  const [plugin, ...others] = host.plugins;
  if (others.length > 0 || plugin?.configPath !== CONFIG) throw otherPlugins();
  const { problems } = await readAzureScripts(system);
  const [problem] = problems;
  if (original?.at === 'place' && problem !== undefined) throw notAdopted(problem);
  const { config } = original === undefined ? {} : parsePluginConfig(original.text, CONFIG);
  return {
    timeoutSeconds: Math.min(TIMEOUT_S, host.timeoutSeconds),
    continueOnFailure: (config?.continueBackupOnFailure ?? true) && snapshot.onFailure === 'continue',
    freeze: config?.fsFreezeEnabled ?? true,
  };
}

/** The original first, so that a removal that breaks off leaves scripts which call us no longer alone. */
async function planRemoval(system: System): Promise<IntegrationPlan> {
  const kept = await system.readText(REGISTRATION.adopted, 'latin1');
  const present = await system.readText(CONFIG, 'latin1');
  const ours = await planFile(system, CONFIG, undefined);
  // One that is as the kept one was put back by a removal that broke off.
  const foreign = present !== undefined && ours.length === 0 && present !== kept;
  const folder = originIn((await readableText(system, REGISTRATION.pre)) ?? '');
  const mark = await isThere(system, HELD_MARK);
  const changes: readonly Change[] = [
    ...ours,
    ...(kept === undefined || foreign ? [] : await planReturn(system, kept)),
    ...(await planFile(system, REGISTRATION.pre, undefined)),
    ...(await planFile(system, REGISTRATION.post, undefined)),
    ...(folder === 'made' ? [{ do: 'remove-folder' as const, path: FOLDER }] : []),
    // Of a backup that died.
    ...(mark ? [{ do: 'remove' as const, path: HELD_MARK }] : []),
  ];
  return { changes, notes: kept !== undefined && foreign ? [keptNote] : [] };
}

async function planReturn(system: System, text: string): Promise<readonly Change[]> {
  const mode = (await system.stat(REGISTRATION.adopted))?.mode ?? 0o600;
  return [
    { do: 'write', path: CONFIG, text, mode, encoding: 'latin1' },
    { do: 'remove', path: REGISTRATION.adopted },
    { do: 'remove-folder', path: ADOPTED_FOLDER },
    { do: 'remove-folder', path: posix.dirname(ADOPTED_FOLDER) },
  ];
}

/** Its host may be frozen by the extension just now: then a write would wait, and the thaw not find its post script. */
async function assertNotHeld(system: System): Promise<void> {
  const since = await modifiedMs(system, HELD_MARK);
  if (since === undefined || system.clock.now().getTime() - since > HELD_AT_MOST_MS) return;
  throw new UserError('integrate.held', 'applications are held for a backup just now', {
    remedy: 'Wait until it is done, then run the same command again. See: quiesced status',
  });
}

async function notesOf(system: System, { snapshot }: Config): Promise<readonly Note[]> {
  const workload = workloadIn((await readableText(system, WORKLOAD_CONF)) ?? '');
  return [
    ...(workload === undefined ? [] : [workloadNote(workload)]),
    ...(snapshot.quiesceDeadlineMs >= HELD_BY_EXTENSION_MS ? [] : [tooShort(snapshot.quiesceDeadlineMs)]),
  ];
}

const WORKLOAD_CONF = `${FOLDER}/workload.conf`;

/** The databases for which the extension runs scripts of its own, and no others: reference VMSnapshotLinux, workload. */
export const workloadIn = (text: string): string | undefined =>
  /^[ \t]*workload_name[ \t]*[=:][ \t]*(oracle|mysql|mariadb|postgres)[ \t\r]*$/m.exec(text)?.[1];

const workloadNote = (name: string): Note => ({
  message: `${WORKLOAD_CONF} has the extension quiesce ${name} by scripts of its own, and then it calls no others: not ours.`,
  remedy: `Empty workload_name in ${WORKLOAD_CONF}, and have quiesced hold ${name}.`,
});

const tooShort = (ms: number): Note => ({
  message: `[snapshot] quiesce-deadline is ${ms / 1000}s, but the extension may take ${HELD_BY_EXTENSION_MS / 1000}s to freeze and snapshot: applications may be let go before that.`,
  remedy: 'Set quiesce-deadline = 180s, which is the default.',
});

const keptNote: Note = {
  message: `${CONFIG} is not of quiesced any more and stays; what stood there before is in ${REGISTRATION.adopted}.`,
  remedy: `If nobody needs that: rm ${REGISTRATION.adopted}`,
};

const otherPlugins = (): UserError =>
  new UserError(
    'integrate.plugins',
    `${HOST_CONF} names other plugins than ${CONFIG}: quiesced can take the place of that one alone`,
    {
      remedy: `Turn their scripts into programs in /etc/quiesced/hooks.d, and remove ${HOST_CONF} if nothing else needs it.`,
    },
  );

const notAdopted = ({ message, remedy }: UserError): UserError =>
  new UserError('integrate.not-adopted', `the scripts that are registered cannot be taken over: ${message}`, {
    remedy: `${remedy ?? 'Mend that'}. If nobody needs them: rm ${CONFIG}`,
  });

const twoOriginals = (): UserError =>
  new UserError(
    'file.foreign',
    `${CONFIG} was replaced since quiesced registered itself, and what stood there first is kept in ${REGISTRATION.adopted}`,
    {
      remedy: `Keep what you need of the two, remove one of them, then run the same command again: rm ${REGISTRATION.adopted}`,
    },
  );
