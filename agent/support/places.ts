import { PATHS } from '../system/paths.ts';

/** Under which folder of the bundle a file stands, by its own path: `config/etc/quiesced/quiesced.conf`. */
export type Group = 'config' | 'state' | 'logs' | 'machine';

const { configFile, configDropIns, journal, runtime, state } = PATHS.linux;

export const FILES: Readonly<Record<Group, readonly string[]>> = {
  config: [
    configFile,
    '/etc/azure/VMSnapshotScriptPluginConfig.json',
    '/etc/azure/VMSnapshotPluginHost.conf',
    '/etc/azure/vmbackup.conf',
    '/etc/azure/workload.conf',
    '/etc/waagent.conf',
    '/etc/qemu/qemu-ga.conf',
    '/etc/default/qemu-guest-agent',
    '/etc/sysconfig/qemu-ga',
    '/etc/fstab',
  ],
  state: [
    `${state}/history.jsonl`,
    `${state}/owed.json`,
    `${state}/azure/handler.json`,
    `${runtime}/status.json`,
    `${runtime}/lock`,
    `${journal}/freeze.jsonl`,
  ],
  logs: [
    '/var/log/quiesced/quiesced.log',
    '/var/log/quiesced/quiesced.log.1',
    '/var/log/waagent.log',
    '/var/log/qga-fsfreeze-hook.log',
  ],
  machine: [
    '/etc/os-release',
    '/proc/version',
    '/proc/cmdline',
    '/proc/uptime',
    '/proc/loadavg',
    '/proc/meminfo',
    '/proc/1/mountinfo',
    '/proc/locks',
    '/proc/swaps',
    '/proc/pressure/io',
    '/proc/pressure/memory',
    '/sys/kernel/rcu_expedited',
  ],
};

/** All that is in them, and one folder deeper: the log of VMSnapshotLinux stood in a folder for each version once. */
export const FOLDERS: Readonly<Record<Group, readonly string[]>> = {
  config: [configDropIns, '/etc/systemd/system/quiesced.service.d'],
  state: [],
  logs: ['/var/log/azure/Microsoft.Azure.RecoveryServices.VMSnapshotLinux'],
  machine: [],
};

/** Who may write there, and which programs there are: by their names only, since scripts have passwords in them. */
export const LISTED_FOLDERS: readonly string[] = [
  '/etc/quiesced',
  '/etc/azure',
  '/etc/qemu',
  '/etc/qemu-ga',
  runtime,
  state,
];
