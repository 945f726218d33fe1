import { SOURCES } from './limits.ts';

/** An error of Azure Backup, as far as it can be explained from inside the machine. */
export interface AzureCode {
  /** As the portal, the extension's log and its status write it; the first is the one it is known by. */
  readonly codes: readonly [string, ...string[]];
  readonly meaning: string;
  /** The usual ones of those that can be seen from inside. */
  readonly causes: readonly string[];
  /** The checks that look for them, the likeliest first. Some exist on one platform only. */
  readonly checks: readonly string[];
  /** When the checks find nothing, or what they find is mended. */
  readonly remedy: string;
  readonly source: string;
}

const TS = SOURCES.troubleshoot;
const TSA = SOURCES.troubleshootAgent;
/** Where the numbers come from. */
export const VSL = 'azure-linux-extensions VMBackup (2026-08)';
const APP = SOURCES.appConsistent;
/** Which number belongs to which name of the portal is read from the extension's source and inferred from their words. */
const BOTH = `${TS}; ${VSL}, mapping inferred`;

const AGAIN = 'Mend what is found, then start a backup from the portal.';
const REINSTALL = 'Uninstall the extension VMSnapshot(Linux) in the portal: the next backup brings it anew.';
/** The last words of Microsoft's extension. */
export const EXTENSION_LOG =
  '$ tail -n 50 /var/log/azure/Microsoft.Azure.RecoveryServices.VMSnapshotLinux/*/extension.log';
const SCRIPT_LOG = `What the script printed is lost with the extension; run it by hand, as root, or:\n$ quiesced rehearse`;

/** Codes with more to say than the number's own meaning. What stands in no document or source is not promised here. */
export const WRITTEN_CODES: readonly AzureCode[] = [
  {
    codes: ['UserErrorGuestAgentStatusUnavailable'],
    meaning: 'the VM agent does not report to Azure',
    causes: ['the agent is stopped, missing or too old', "Azure's host (168.63.129.16) cannot be reached"],
    checks: [
      'agent.installed',
      'agent.running',
      'agent.heartbeat',
      'agent.version.linux',
      'agent.version.windows',
      'net.wireserver80',
      'net.hostga32526',
    ],
    remedy: AGAIN,
    source: TSA,
  },
  {
    codes: ['GuestAgentSnapshotTaskStatusError'],
    meaning: 'the VM agent never said how the snapshot ended',
    causes: [
      'extensions are switched off in waagent.conf',
      'SELinux or AppLocker keeps the extension from running',
      'a run of the extension died half-way',
    ],
    checks: ['agent.extensions-enabled', 'os.security', 'agent.running', 'agent.heartbeat', 'agent.extension-state'],
    remedy: `See the extension's last words:\n${EXTENSION_LOG}`,
    source: `${TSA}; MicrosoftDocs/azure-docs#42262`,
  },
  {
    codes: [
      'ExtensionSnapshotFailedNoNetwork',
      '76',
      '761',
      'FailedRetryableSnapshotFailedNoNetwork',
      'FailedRetryableSnapshotFailedRestrictedNetwork',
    ],
    meaning: 'the extension could not have the snapshots taken: no way to the storage (761: to some of it)',
    causes: [
      'the storage cannot be reached on port 443',
      'a proxy that the extension does not use',
      'a Python error that passes for a network error (azure-linux-extensions#758)',
    ],
    checks: ['net.storage443', 'agent.python', 'net.firewall', 'net.wireserver80'],
    remedy: `Let the machine reach the service tag Storage, or let the host take the snapshot. See also:\n${EXTENSION_LOG}`,
    source: BOTH,
  },
  {
    codes: ['ExtensionSnapshotFailedNoSecureNetwork'],
    meaning: 'no secure connection (TLS) could be made',
    causes: [
      'the certificates of the system are old, or a proxy opens connections',
      'on Windows strong cryptography of .NET is off',
    ],
    checks: ['net.tls', 'agent.dotnet', 'os.clock'],
    remedy: AGAIN,
    source: TS,
  },
  {
    codes: ['ExtensionFailedTimeoutVMNetworkUnresponsive'],
    meaning: 'the machine was too busy to take the snapshot in time',
    causes: ['CPU, memory or disks are busy', 'on Windows writers wait for the disks'],
    checks: ['os.load', 'os.cpu-ram', 'agent.cgroup-quota', 'fs.dirty', 'vss.io-pressure'],
    remedy: 'Move the backup to a calmer hour, or give the machine more.',
    source: TS,
  },
  {
    codes: ['UserErrorFsFreezeFailed', '121', 'FailedRetryableFsFreezeFailed'],
    meaning: 'a file system could not be frozen',
    causes: [
      'a file system with errors, or that went read-only',
      'a device that is mounted several times, or a file system in a file of another',
      'somebody else freezes at the same time',
    ],
    checks: [
      'fs.readonly-error',
      'fs.duplicates',
      'fs.loop-nesting',
      'fs.already-frozen',
      'fs.freezable',
      'fs.mounts-to-skip',
      'other.freezers',
      'os.fapolicyd',
    ],
    remedy:
      'Unmount, check (fsck, xfs_repair) and mount it again. What cannot be frozen goes into MountsToSkip of /etc/azure/vmbackup.conf. See what freezing does here:\n$ quiesced rehearse',
    source: BOTH,
  },
  {
    codes: ['122', 'FailedRetryableFsFreezeTimeout'],
    meaning: 'freezing the file systems took longer than the extension waits',
    causes: ['much that is not written yet', 'a slow disk, or a file system that hangs'],
    checks: ['fs.dirty', 'os.load', 'fs.loop-nesting', 'os.fapolicyd', 'other.freezers'],
    remedy: 'Measure how long it takes here:\n$ quiesced rehearse',
    source: VSL,
  },
  {
    codes: ['UserErrorUnableToOpenMount', '123', 'FailedRetryableUnableToOpenMount'],
    meaning: 'a mount point could not be opened',
    causes: ['a mount whose server or device is gone', 'a mount point with unusual characters in its path'],
    checks: ['fs.network', 'fs.autofs', 'fs.readonly-error', 'fs.mounts-to-skip'],
    remedy: 'Unmount what is gone:\n$ umount -l /THE/MOUNT',
    source: BOTH,
  },
  {
    codes: ['124', 'FailedSafeFreezeBinaryNotFound'],
    meaning: "the extension's program safefreeze is missing",
    causes: ['a virus scanner took it away', 'the extension was not installed completely'],
    checks: ['agent.av-exclusions', 'agent.extension-state', 'fs.noexec'],
    remedy: REINSTALL,
    source: VSL,
  },
  {
    codes: ['ExtensionFailedVssWriterInBadState'],
    meaning: 'a VSS writer was in a bad state',
    causes: ['a writer failed before, or waits', 'the disks are too slow for a writer'],
    checks: ['vss.writers', 'vss.writers-missing', 'vss.io-pressure', 'vss.events'],
    remedy: "Restart the writer's service, or the machine.",
    source: TS,
  },
  {
    codes: ['ExtensionFailedVssServiceInBadState'],
    meaning: 'the VSS service was in a bad state',
    causes: ['a service that VSS needs is disabled'],
    checks: ['vss.service', 'vss.writers', 'vss.providers'],
    remedy: 'Restart it:\n$ net stop VSS\n$ net start VSS',
    source: TS,
  },
  {
    codes: ['ExtensionSnapshotFailedCOM', 'ExtensionInstallationFailedCOM', 'ExtensionInstallationFailedMDTC'],
    meaning: 'COM+ or its transaction coordinator (MSDTC) does not work',
    causes: ['COM+ System Application is stopped', 'MSDTC runs under another account than NetworkService'],
    checks: ['agent.services-win'],
    remedy: 'Start it:\n$ net start COMSysApp',
    source: TS,
  },
  {
    codes: ['ExtensionConfigParsingFailure'],
    meaning: 'the extension could not open its settings',
    causes: ['the rights on the folder MachineKeys were changed', 'a certificate is missing or expired'],
    checks: ['agent.certs'],
    remedy: AGAIN,
    source: TS,
  },
  {
    codes: ['16', 'FailedHandlerGuestAgentCertificateNotFound'],
    meaning: 'the extension found no certificate to open its settings with',
    causes: ['a certificate below /var/lib/waagent is missing', 'openssl is missing'],
    checks: ['agent.certs', 'agent.openssl'],
    remedy: 'Restart the VM agent, which fetches them again.',
    source: VSL,
  },
  {
    codes: ['ExtensionVCRedistInstallationFailure'],
    meaning: 'the Visual C++ runtime could not be installed',
    causes: ['the Windows Installer is disabled, or may not write to the registry'],
    checks: ['agent.services-win'],
    remedy: AGAIN,
    source: TS,
  },
  {
    codes: ['ExtensionSnapshotBitlockerError'],
    meaning: 'a volume is locked by BitLocker',
    causes: ['a data volume is not unlocked by itself'],
    checks: ['enc.bitlocker'],
    remedy: 'Unlock it, and let it unlock itself.',
    source: TS,
  },
  {
    codes: ['ExtensionFailedSnapshotLimitReachedError', '85', 'FailedSnapshotLimitReached'],
    meaning: 'a disk has as many snapshots as it may have',
    causes: ['Site Recovery or another backup takes snapshots too'],
    checks: ['agent.other-backup', 'other.backup-agents'],
    remedy: 'Delete snapshots that nobody needs, and give the two different hours.',
    source: BOTH,
  },
  {
    codes: ['ExtensionStuckInDeletionState'],
    meaning: 'the extension is neither there nor gone',
    causes: ['an update or removal of it was cut off'],
    checks: ['agent.extension-state', 'agent.running', 'agent.updating'],
    remedy: REINSTALL,
    source: TS,
  },
  {
    codes: ['UserErrorVmNotInDesirableState'],
    meaning: 'the state of the machine does not allow a backup',
    causes: [
      'Azure takes it for failed, or it is being started or stopped',
      'SELinux keeps the agent from working in /var/lib/waagent',
    ],
    checks: ['os.security', 'agent.updating'],
    remedy: 'See its provisioning state in the portal; starting it again often sets it right.',
    source: TS,
  },
  {
    codes: ['VMRestorePointInternalError'],
    meaning: 'the extension was ended while it worked',
    causes: ['a virus scanner ended it'],
    checks: ['agent.av-exclusions'],
    remedy: AGAIN,
    source: TS,
  },
  {
    codes: ['Pre-ScriptExecutionFailed', 'Post-ScriptExecutionFailed', '300', '301'],
    meaning: 'the pre script (300) or the post script (301) ended with an error',
    causes: ['it was written for another shell than sh', 'the application refused'],
    checks: ['app.script-shebang', 'app.script-config', 'app.post-pending', 'app.rehearsal-age'],
    remedy: SCRIPT_LOG,
    source: `${APP}; ${VSL}`,
  },
  {
    codes: ['Pre-ScriptNotFound', 'Post-ScriptNotFound', '302', '303'],
    meaning: 'the pre script (302) or the post script (303) is not where its file says',
    causes: ['a wrong path in VMSnapshotScriptPluginConfig.json'],
    checks: ['app.script-config'],
    remedy: AGAIN,
    source: `${APP}; ${VSL}`,
  },
  {
    codes: ['InsufficientPermissionforPre-Script', 'InsufficientPermissionforPost-Script', '306', '307', '314', '317'],
    meaning: 'a script (306, 307) or the file that names it (314, 317) has the wrong owner or mode',
    causes: ['others than root may read or write it'],
    checks: ['app.script-perm'],
    remedy: AGAIN,
    source: `${APP}; ${VSL}`,
  },
  {
    codes: ['Pre-ScriptTimeout', 'Post-ScriptTimeout', '308', '309', '310', '311'],
    meaning: 'the pre script (308, 310) or the post script (309, 311) took too long',
    causes: [
      'timeoutInSeconds is short, or longer than the extension allows',
      'the script prints more than 64 KiB, which stops it',
    ],
    checks: ['app.script-timeout', 'app.script-shebang', 'os.load'],
    remedy: SCRIPT_LOG,
    source: `${APP}; ${VSL}`,
  },
  {
    codes: ['IncorrectJSONConfigFile', '305', '316'],
    meaning: 'VMSnapshotScriptPluginConfig.json cannot be understood (305), or is not there (316)',
    causes: ['a fault in the file'],
    checks: ['app.script-config'],
    remedy: AGAIN,
    source: `${APP}; ${VSL}`,
  },
  {
    codes: ['IncorrectPluginhostFile', '304', '313'],
    meaning: 'VMSnapshotPluginHost.conf cannot be understood (304), or is not there (313)',
    causes: ['the file in /etc/azure is at fault, or the one that the extension brings'],
    checks: ['app.script-config'],
    remedy: `Remove /etc/azure/VMSnapshotPluginHost.conf if it is not needed. ${REINSTALL}`,
    source: `${APP}; ${VSL}`,
  },
  {
    codes: ['402', 'FailedGuestAgentInvokedCommandTooLate'],
    meaning: 'the agent got the command more than 140 minutes late',
    causes: ['the agent was stopped or could not reach the host', 'the clock is wrong'],
    checks: ['agent.heartbeat', 'agent.running', 'os.clock', 'net.wireserver80'],
    remedy: AGAIN,
    source: VSL,
  },
];
