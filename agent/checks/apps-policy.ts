import type { AskedPlugin } from '../scripts/azure.ts';
import type { Script } from '../scripts/script.ts';
import { baseName } from '../system/processes.ts';
import { isThere, readableLink, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { NOT_LIVE, SCRIPT_CHECK, SCRIPTS_ANYWHERE } from './apps-scripts.ts';
import { type Check, type CheckContext, info, pass, type Result, skip, warn } from './check.ts';
import { EXTENSION_RUN, SCRIPT_TIMEOUT, SOURCES } from './limits.ts';
import { gatherScripts } from './scripts.ts';

/** How long everything around the snapshot may take. */
export interface TimeAsked {
  readonly asked: readonly Pick<AskedPlugin, 'file' | 'config' | 'hostTimeoutSeconds'>[];
  readonly scripts: readonly Pick<Script, 'name' | 'pre' | 'post' | 'timeoutMs'>[];
  /** The deadlines of quiescing and of the freeze together. */
  readonly restMs: number;
}

/** A script that is cut short leaves its application half held. */
export const timeIsEnough: Check = {
  ...SCRIPTS_ANYWHERE,
  id: 'app.script-timeout',
  title: 'The scripts get the time that they ask for',
  dependsOn: ['app.script-config', 'app.script-perm'],
  source: SCRIPT_TIMEOUT.source,
  async run(system, { evidence }) {
    if (!system.live) return skip(NOT_LIVE);
    const { asked, scripts, config } = await evidence(gatherScripts);
    const { quiesceDeadlineMs, frozenDeadlineMs } = config.snapshot;
    return judgeTimeouts({ asked, scripts, restMs: quiesceDeadlineMs + frozenDeadlineMs });
  },
};

export function judgeTimeouts({ asked, scripts, restMs }: TimeAsked): Result {
  for (const { file, config, hostTimeoutSeconds } of asked) {
    const limit = Math.min(hostTimeoutSeconds, SCRIPT_TIMEOUT.seconds);
    if (config.timeoutInSeconds <= limit) continue;
    const who = limit < SCRIPT_TIMEOUT.seconds ? 'VMSnapshotPluginHost.conf allows' : 'the extension allows';
    return warn(
      `${file} asks for ${config.timeoutInSeconds} s, but ${who} ${limit} s: the script is given up there`,
      `Make the script quicker, and ask for ${limit} s at most in timeoutInSeconds.`,
    );
  }
  const totalMs = scripts.reduce((sum, script) => sum + stages(script) * script.timeoutMs, restMs);
  const total = `${minutes(totalMs)} min at most, from the first script to the last`;
  if (totalMs <= EXTENSION_RUN.ms) return pass(scripts.length === 0 ? 'no scripts are configured' : total);
  return warn(
    `${total}: the service gives a backup up after ${minutes(EXTENSION_RUN.ms)} min`,
    'Lower the time limits of the scripts, [scripts] timeout among them:\n$ quiesced config',
  );
}

const stages = ({ pre, post }: Pick<Script, 'pre' | 'post'>): number =>
  [pre, post].filter((command) => command !== undefined).length;

const minutes = (ms: number): number => Math.ceil(ms / 60_000);

/** What is asked for, and whether it can be had. */
export interface PolicySigns {
  readonly asked: readonly Pick<AskedPlugin, 'file' | 'config'>[];
  /** Undefined where nobody tells. */
  readonly disks: number | undefined;
}

export const policyIsObeyed: Check = {
  ...SCRIPT_CHECK,
  id: 'app.script-policy',
  title: 'The scripts decide over the backup as their file says',
  dependsOn: ['app.script-config', 'app.script-perm'],
  source: `${SOURCES.appConsistent}; azure-linux-extensions VMBackup/main (2026-08)`,
  async run(system, context) {
    if (!system.live) return skip(NOT_LIVE);
    const { asked } = await context.evidence(gatherScripts);
    return judgePolicy({ asked, disks: await diskCount(system, context) });
  },
};

export function judgePolicy({ asked, disks }: PolicySigns): Result {
  if (asked.length === 0) return pass("there are no scripts of Azure's");
  const strict = asked.find(({ config }) => !config.continueBackupOnFailure);
  if (strict !== undefined && disks === 1) {
    return info(
      `${strict.file} says that a backup is to fail with its script (continueBackupOnFailure: false); on a machine with one disk Azure takes a crash-consistent one all the same`,
    );
  }
  const unfrozen = asked.find(({ config }) => !config.fsFreezeEnabled);
  if (unfrozen !== undefined) {
    return info(
      `${unfrozen.file} turns the freeze off (fsFreezeEnabled: false): the snapshot is worth what its script does, and no more`,
    );
  }
  return pass(
    strict === undefined ? 'without the script there is a lesser backup' : 'without the script there is none',
  );
}

/** Whole disks; loop devices, optical drives and what stands on other devices are none. */
const DISK = /^(?:sd|vd|xvd|hd)[a-z]+$|^nvme\d+n\d+$|^mmcblk\d+$/;
/** Azure's temporary disk is in no backup: links of its udev rules, the second since 2024. */
const TEMPORARY = ['/dev/disk/cloud/azure_resource', '/dev/disk/azure/resource'];

async function diskCount(system: System, { facts }: CheckContext): Promise<number | undefined> {
  const told = facts.cloud?.imds?.disks.length;
  if (told !== undefined && told > 0) return told;
  const names = (await readableList(system, '/sys/block')).filter((name) => DISK.test(name));
  const real = await Promise.all(names.map((name) => isThere(system, `/sys/block/${name}/device`)));
  const links = await Promise.all(TEMPORARY.map((path) => readableLink(system, path)));
  const temporary = links.map((target) => baseName(target ?? ''));
  const disks = names.filter((name, at) => real[at] === true && !temporary.includes(name)).length;
  return disks === 0 ? undefined : disks;
}
