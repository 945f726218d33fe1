/**
 * Numbers and names that somebody else decides and changes. Each with where it stands and when that was read: a report
 * prints it, so that the reader can see whether it is still so.
 */
const MICROSOFT = 'https://learn.microsoft.com';

/** Pages that several limits come from. */
export const SOURCES = {
  supportMatrix: `${MICROSOFT}/azure/backup/backup-support-matrix-iaas (2026-01-28)`,
  prepare: `${MICROSOFT}/azure/backup/backup-azure-arm-vms-prepare (2026-01-22)`,
  troubleshoot: `${MICROSOFT}/azure/backup/backup-azure-vms-troubleshoot (2022-06)`,
  troubleshootAgent: `${MICROSOFT}/azure/backup/backup-azure-troubleshoot-vm-backup-fails-snapshot-timeout (2018)`,
  agentVersions: `${MICROSOFT}/troubleshoot/azure/virtual-machines/windows/support-extensions-agent-version (2025-09)`,
  endorsed: `${MICROSOFT}/azure/virtual-machines/linux/endorsed-distros (2026-01)`,
  agentReadme: 'https://github.com/Azure/WALinuxAgent#readme (2.15, 2025-11)',
} as const;

/** Distributions by their ID in os-release(5): those that Azure endorses, and with them Azure Backup. */
export const DISTRIBUTIONS = {
  endorsed: ['ubuntu', 'debian', 'rhel', 'sles', 'sles_sap', 'ol', 'azurelinux', 'mariner', 'flatcar'],
  /** "All endorsed distributions, except CoreOS". */
  refused: ['coreos'],
  source: `${SOURCES.supportMatrix}; ${SOURCES.endorsed}`,
} as const;

/** As `uname -m` says it. A 32-bit kernel is refused; what stands in neither list is unknown to us. */
export const ARCHITECTURES = {
  bits64: ['x86_64', 'aarch64', 'ppc64le', 'ppc64', 's390x', 'riscv64', 'loongarch64'],
  bits32: ['i386', 'i486', 'i586', 'i686', 'armv6l', 'armv7l', 'armv8l', 'arm', 'ppc'],
  source: SOURCES.supportMatrix,
} as const;

/** The smallest machine. */
export const SMALLEST = {
  cpus: 2,
  memoryBytes: 1024 ** 3,
  /** The kernel keeps a part for itself and for kdump: MemTotal of an Azure B1s (1 GiB) is 0.85 to 0.93 GiB. */
  kernelShare: 0.2,
  source: SOURCES.supportMatrix,
} as const;

/** Above these, sustained, snapshots are queued until they time out. */
export const LOAD = { cpuPercent: 90, memoryPercent: 90, source: SOURCES.troubleshoot } as const;

/** A clock that is further off than this breaks signatures and certificates. */
export const CLOCK = { skewMs: 5 * 60_000, source: SOURCES.supportMatrix } as const;

/** The agent that runs extensions (line 3 of `waagent --version`), since 31 July 2022. */
export const AGENT_VERSION = { minimum: '2.2.53.1', source: SOURCES.agentVersions } as const;

/**
 * How old the agent's signs of life may be. It rewrites its status file every few seconds; its log gets a line every
 * 30 minutes at least (TELEMETRY_HEARTBEAT_PERIOD in azurelinuxagent/ga/update.py), so one missed line is allowed.
 */
export const HEARTBEAT = {
  statusMs: 10 * 60_000,
  logMs: 70 * 60_000,
  source: 'azurelinuxagent/ga/update.py (2.7.3 to 2.15); seen with 2.7.3',
} as const;

/** Of a CPU: below it the extension is too slow to answer in time. */
export const CPU_QUOTA = { percent: 10, source: SOURCES.agentReadme } as const;

/** The backup extension gives a run up after this time: VMBackup/main/handle.py. */
export const EXTENSION_RUN = { ms: 140 * 60_000, source: SOURCES.troubleshoot } as const;
