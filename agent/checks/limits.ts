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
  appConsistent: `${MICROSOFT}/azure/backup/backup-azure-linux-app-consistent (2024-04)`,
  about: `${MICROSOFT}/azure/backup/backup-introduction-to-azure-backup (2016-10)`,
  genericImage: `${MICROSOFT}/azure/virtual-machines/linux/create-upload-generic (2022-05)`,
  hydration: `${MICROSOFT}/azure/migrate/prepare-for-agentless-migration (2025)`,
  fstabErrors: `${MICROSOFT}/troubleshoot/azure/virtual-machines/linux/linux-virtual-machine-cannot-start-fstab-errors (2025)`,
  noBoot: `${MICROSOFT}/troubleshoot/azure/virtual-machines/linux/linux-no-boot-dracut (2025)`,
  agentReadme: 'https://github.com/Azure/WALinuxAgent#readme (2.15, 2025-11)',
} as const;

/** Distributions by their ID in os-release(5): those that Azure endorses, and with them Azure Backup. */
export const DISTRIBUTIONS = {
  endorsed: ['ubuntu', 'debian', 'rhel', 'sles', 'sles_sap', 'ol', 'azurelinux', 'mariner', 'flatcar'],
  /** "All endorsed distributions, except CoreOS". */
  refused: ['coreos'],
  source: `${SOURCES.supportMatrix}; ${SOURCES.endorsed}`,
} as const;

/**
 * Windows by the number of its build, which tells more than its name. What is older than these is out of the support of
 * the VM agent, and what is older than `oldest` was never in it.
 */
export const WINDOWS_BUILDS = {
  server: 14_393,
  client: 10_240,
  oldest: 7600,
  names: 'Windows Server 2016 and later, Windows 10 and later',
  source: SOURCES.supportMatrix,
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

/**
 * Of WaAppAgent.exe: what a backup needs, and what its makers support. Its log gets a heartbeat every few seconds; how
 * long a pause means trouble is our own limit.
 */
export const WINDOWS_AGENT = {
  forBackup: '2.6.1198.718',
  forSupport: '2.7.41491.1010',
  heartbeatMs: 10 * 60_000,
  source: `${SOURCES.prepare}; ${SOURCES.agentVersions}`,
  heartbeatSource: `${SOURCES.troubleshootAgent}; the pause is quiesced's own limit (2026)`,
} as const;

/**
 * Values of `Release` below NDP\\v4\\Full. From 4.7 on, .NET takes the version of TLS that Windows takes, so a missing
 * SchUseStrongCrypto matters to programs made for older ones only.
 */
export const DOT_NET = {
  v45: 378_389,
  v47: 460_798,
  source: `${SOURCES.troubleshootAgent}; ${SOURCES.troubleshoot}; ${MICROSOFT}/dotnet/framework/install/how-to-determine-which-versions-are-installed (2025)`,
} as const;

/** Of a CPU: below it the extension is too slow to answer in time. */
export const CPU_QUOTA = { percent: 10, source: SOURCES.agentReadme } as const;

/** The backup extension gives a run up after this time: VMBackup/main/handle.py. */
export const EXTENSION_RUN = { ms: 140 * 60_000, source: SOURCES.troubleshoot } as const;

/** Where Azure's host is, on every machine, and how long a healthy one may take. It is never behind a proxy. */
export const AZURE_HOST = {
  address: '168.63.129.16',
  port: 80,
  hostGaPort: 32526,
  timeoutMs: 5000,
  source: `${MICROSOFT}/azure/virtual-network/what-is-ip-address-168-63-129-16 (2025)`,
  imdsSource: `${MICROSOFT}/azure/virtual-machines/instance-metadata-service (2025)`,
} as const;

/**
 * Names that a plug-in with its own way to the vault (MARS, SQL, HANA) needs, each with HTTPS: the backup of a whole
 * machine does without. The government's names by Microsoft's list of endpoints for Azure Government.
 */
export const PLUGIN_NAMES = {
  public: [
    '*.microsoft.com',
    '*.windowsazure.com',
    '*.microsoftonline.com',
    '*.windows.net',
    '*.blob.core.windows.net',
    '*.queue.core.windows.net',
    '*.blob.storage.azure.net',
  ],
  government: [
    '*.microsoft.com',
    '*.windowsazure.us',
    '*.microsoftonline.us',
    '*.usgovcloudapi.net',
    '*.blob.core.usgovcloudapi.net',
    '*.queue.core.usgovcloudapi.net',
  ],
  serviceTags: ['AzureBackup', 'Storage', 'AzureActiveDirectory'],
  source: `${MICROSOFT}/azure/backup/backup-azure-sap-hana-database (backup-network-connectivity, 2025-02); ${MICROSOFT}/azure/azure-government/compare-azure-government-global-azure`,
} as const;

/** Of a script's run: the extension's own host stops it there, whatever its file asks for. */
export const SCRIPT_TIMEOUT = {
  seconds: 1800,
  source: `${SOURCES.appConsistent}; azure-linux-extensions VMBackup/main/PluginHost.py (2026-08), #706`,
} as const;

/** What was not tried for longer than this may have stopped working: packages, passwords and disks change monthly. */
export const REHEARSAL = {
  ms: 30 * 24 * 3_600_000,
  source: "quiesced's own limit (2026): monthly patches change what a rehearsal has shown",
} as const;

/** A vault's credentials are of no use after this time, and only the newest file is. */
export const VAULT_CREDENTIALS = { ms: 48 * 3_600_000, source: SOURCES.about } as const;

/** Disks of one machine. Older pages allowed fewer; a report names both, since both are still found. */
export const DISKS = {
  data: 32,
  nearlyAll: 28,
  readOn: '2026-01-28',
  earlier: { data: 16, readOn: '2017, classic model' },
  largestTib: 64,
  togetherTib: 512,
  source: SOURCES.supportMatrix,
} as const;

/** Kinds of disks that only the newer kind of policy backs up. */
export const NEWER_DISKS = {
  types: ['UltraSSD_LRS', 'PremiumV2_LRS'],
  source: `${SOURCES.supportMatrix}; ${MICROSOFT}/azure/virtual-machines/virtual-machines-create-restore-points`,
} as const;

/** Percent in use: an agent that cannot write its status or unpack an extension does no backup. */
export const SPACE = {
  nearlyFull: 90,
  full: 98,
  vital: ['/', '/var'],
  inodes: 95,
  source: "Microsoft's VM assist for Linux and for Windows (2025); the share of inodes is quiesced's own limit (2026)",
} as const;

/**
 * Who may do what with the folder of the machine's keys itself, as Windows makes it: winnt.h, and letters of icacls.
 * Everybody lists it and makes files in it; that each file is for its owner alone is not this folder's to say.
 */
export const MACHINE_KEYS = {
  rights: [
    { who: 'S-1-1-0', name: 'Everyone', rights: 0x2_019f, icacls: '(RD,WD,AD,REA,WEA,RA,WA,RC,S)' },
    { who: 'S-1-5-32-544', name: 'Administrators', rights: 0x1f_01ff, icacls: 'F' },
  ],
  source: `${MICROSOFT}/troubleshoot/windows-server/windows-security/default-permissions-machinekeys-folders (278381)`,
} as const;

/** Free on the drive of the system. */
export const WINDOWS_SPACE = { lowBytes: 1024 ** 3, noneBytes: 100 * 1024 ** 2 } as const;

/** What Microsoft asks of a disk of Windows that is brought to Azure, and so of one that is restored there. */
export const WINDOWS_IMAGE = {
  source: `${MICROSOFT}/azure/virtual-machines/windows/prepare-for-upload-vhd-image (2017; list still valid)`,
} as const;

/** What VSS needs, and by which events it tells that a shadow copy failed. */
export const VSS = {
  events: [8193, 8194, 12_289, 12_293, 12_366],
  leastPercent: 10,
  source: `${SOURCES.troubleshoot}; ${MICROSOFT}/windows/win32/api/vss/ne-vss-vss_writer_state (2025)`,
  storageSource: "quiesced's own limit (2026), after what Windows takes by itself",
} as const;

/** How long a cycle of freezing and thawing may take before applications notice: measured, `reference/tech.md` §10. */
export const FREEZE = { slowMs: 1000, failsMs: 5000, source: 'measured by quiesced (2026-11)' } as const;

/**
 * How long the flush before a freeze may take. The kernel itself takes a disk for this fast until it has measured it:
 * INIT_BW in mm/backing-dev.c (Linux 6.18).
 */
export const FLUSH = {
  slowMs: 5000,
  bytesPerSecond: 100 * 1024 ** 2,
  source: 'measured by quiesced (2026-11); mm/backing-dev.c of Linux 6.18',
} as const;

/** The extension's own file of knobs: what its code reads, whatever pages say. */
export const VMBACKUP_CONF = {
  path: '/etc/azure/vmbackup.conf',
  source: 'Azure/azure-linux-extensions, VMBackup/main (2025); MicrosoftDocs/azure-docs#90308',
} as const;

/** The agent unpacks a new version of itself and starts it within seconds; a folder that is older lies there. */
export const AGENT_UPDATE = {
  ms: 10 * 60_000,
  source: 'azurelinuxagent/ga/agent_update_handler.py (2.15, 2025-11)',
} as const;

/** Azure Disk Encryption: dm-crypt inside the machine, its key in a vault. What may be restored where. */
export const DISK_ENCRYPTION = {
  now: { restores: 'within the subscription of the vault', readOn: '2026-01-28' },
  earlier: { restores: 'within the subscription and the region of the vault', readOn: '2019' },
  /** By which the service of Azure Backup reads the key, in the public cloud: an application's id, no secret. */
  backupService: '262044b1-e2ce-469f-a196-69ab7ada62d3',
  source: `${SOURCES.supportMatrix}; ${MICROSOFT}/azure/backup/backup-azure-vms-encryption (2019)`,
} as const;

/** Encryption of somebody's own. The older page rules it out, the newer one does not name it. */
export const OWN_ENCRYPTION = {
  earlier: { said: 'LUKS-encrypted machines are not supported', readOn: '2018' },
  now: { said: 'names Azure Disk Encryption only', readOn: '2026-01-28' },
  source: `${SOURCES.supportMatrix}; ${MICROSOFT}/azure/backup/backup-azure-arm-vms-prepare (2018)`,
} as const;

/** Where confidential machines may be backed up; the support matrix says in another place that they may not at all. */
export const CONFIDENTIAL = {
  regions: ['uaenorth', 'koreacentral'],
  series: /_v6$/,
  said: 'preview, sizes of v6 in UAE North and Korea Central',
  source: `${SOURCES.supportMatrix}; ${MICROSOFT}/azure/backup/confidential-vm-backup (2025-11); ${MICROSOFT}/azure/virtual-machines/concepts-restore-points (2025)`,
} as const;

/** What a proxy must be, and whom it must leave alone. */
export const PROXY = {
  source: `${SOURCES.supportMatrix}; ${SOURCES.agentReadme}; Azure/WALinuxAgent#2341, #364`,
  schemeSource: 'Azure/WALinuxAgent#523',
  windowsSource: `Microsoft's "use an HTTP proxy for VM backups" (2018); VM assist for Windows (2025)`,
  snapshotSource: 'Azure/azure-linux-extensions, VMBackup/main/HttpUtil.py (2025)',
} as const;

/** Which drivers they are stands in `boot/drivers.ts`. */
export const AZURE_DRIVERS = {
  source: `${SOURCES.genericImage}; ${SOURCES.hydration}; ${MICROSOFT}/azure/virtual-machines/enable-nvme-interface (2025)`,
} as const;

/** The exclusive backup and the old names went together: nothing that a script could do in two sessions is left. */
export const PG_EXCLUSIVE = {
  goneIn: 15,
  functions: /\bpg_(?:start|stop)_backup\b/,
  source: 'https://www.postgresql.org/docs/15/release-15.html (2022-10)',
} as const;
