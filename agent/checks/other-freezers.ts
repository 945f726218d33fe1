import { holdersOf, type LockHolding } from '../system/lock-holders.ts';
import { freezersAmong, type OtherFreezer } from '../system/other-freezers.ts';
import { runningProcesses } from '../system/processes.ts';
import type { System } from '../system/system.ts';
import { type Check, pass, type Result, skip, warn } from './check.ts';
import { servicesOf } from './windows-services.ts';

/** By it Microsoft's extensions tell each other, and us, that they freeze: azure-linux-extensions, FreezeLock. */
const SAFE_FREEZE_LOCK = '/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock/SafeFreezeLockFile';

export interface FreezerSigns {
  readonly freezers: readonly OtherFreezer[];
  readonly holders: readonly LockHolding[];
}

/** The second to freeze is refused (EBUSY), and some thaw what the first one froze. */
export const nobodyElseFreezes: Check = {
  id: 'other.freezers',
  group: 'other',
  title: 'Nobody else freezes file systems',
  source:
    "azure-linux-extensions VMBackup/main/safefreeze (2026-08); Linux Documentation/filesystems, FIFREEZE; Microsoft's manual, IVssBackupComponents::StartSnapshotSet",
  async run(system, { evidence }) {
    if (!system.live) return skip('only a running machine has running services');
    if (system.platform === 'windows') return judgeRequesters(await requestersOnWindows(system));
    const [processes, holders] = await Promise.all([evidence(runningProcesses), holdersOf(system, [SAFE_FREEZE_LOCK])]);
    return judgeFreezers({ freezers: freezersAmong(processes), holders });
  },
};

/**
 * Services that ask VSS for shadow copies when a hypervisor tells them to. That of Hyper-V is not among them: every
 * Windows has it. What does so by itself is told by `agent.other-backup`.
 */
const REQUESTERS = {
  'QEMU-GA': "Take the hypervisor's snapshots without quiescing the guest: its agent asks VSS only when it is told to.",
  VMTools: "Take VMware's snapshots without quiescing: VMware Tools ask VSS only when they are told to.",
} as const;
type Requester = keyof typeof REQUESTERS;

async function requestersOnWindows(system: System): Promise<readonly Requester[]> {
  const known = Object.keys(REQUESTERS) as Requester[];
  const services = await servicesOf(system, known);
  return known.filter((name) => services[name]?.state === 'running');
}

export const judgeRequesters = (names: readonly Requester[]): Result =>
  names.length === 0
    ? pass('none is known to run here')
    : warn(
        `${names.join(', ')} may ask VSS for shadow copies too: it makes one set at a time, and refuses the second`,
        names.map((name) => REQUESTERS[name]).join('\n'),
      );

/** What keeps each from freezing. */
const CURES: Readonly<Record<string, string>> = {
  'qemu-ga': "Take the hypervisor's snapshots without quiescing the guest: qemu-ga freezes only when it is told to.",
  vmtoolsd:
    "Take VMware's snapshots without quiescing, or put enableSyncDriver=false below [vmbackup] in /etc/vmware-tools/tools.conf.",
  hv_vss_daemon: 'Stop it where Hyper-V takes no backups:\n$ systemctl disable --now hv-vss-daemon.service',
  hypervvssd: 'Stop it where Hyper-V takes no backups:\n$ systemctl disable --now hypervvssd.service',
};

export function judgeFreezers({ freezers, holders }: FreezerSigns): Result {
  const now = [
    ...holders.map(({ command, pid }) => `${command} (process ${pid})`),
    ...freezers.filter(({ name }) => name === 'safefreeze').map(({ pid }) => `safefreeze (process ${pid})`),
  ];
  if (now.length > 0) {
    return warn(
      `${now.join(', ')} freezes file systems right now`,
      'Azure Backup or Site Recovery is at work. Try again when it is done.',
    );
  }
  const names = [...new Set(freezers.map(({ name }) => name))];
  if (names.length === 0) return pass('none is known to run here');
  return warn(
    `${names.join(', ')} may freeze file systems too: two at once refuse each other`,
    names.flatMap((name) => CURES[name] ?? []).join('\n'),
  );
}
