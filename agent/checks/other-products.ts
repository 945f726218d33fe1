/** A product that makes backups, and what it does to the machine meanwhile. */
export interface Product {
  readonly name: string;
  /** What is protected by it, and where that ends. */
  readonly covers: string;
  /** Whether it holds file systems, or asks VSS to, for a snapshot. */
  readonly freezes: boolean;
  /** Stays and works by itself; others are started by somebody's line or timer. */
  readonly resident?: true;
  /** Of its processes, and of what cron and timers start. */
  readonly programs: readonly string[];
  /** That carry its version, on Linux. */
  readonly packages?: readonly string[];
  /** Of the kernel: its changes are followed, or snapshots taken, while these are loaded. */
  readonly modules?: readonly string[];
  /** As Windows lists it among what is installed. */
  readonly listedAs?: RegExp;
}

export const SITE_RECOVERY = 'Azure Site Recovery';

/** Of Windows alone. It has a way of its own to the vault. */
export const MARS = {
  name: 'MARS agent',
  covers: 'files and folders, three times a day at most, no applications',
  freezes: true,
  resident: true,
  programs: [],
  listedAs: /^Microsoft Azure (Recovery Services|Backup) Agent/i,
} as const satisfies Product;

/** By what their makers' own documents say; of Microsoft's by SOURCES.about (2016). */
export const PRODUCTS: readonly Product[] = [
  MARS,
  {
    name: 'DPM or Azure Backup Server agent',
    covers: 'what its server protects, applications too, twice a day to the vault',
    freezes: true,
    resident: true,
    programs: [],
    listedAs:
      /^(Microsoft )?(System Center )?(\d{4} )?(Data Protection Manager|DPM)\b.*Agent|^Microsoft Azure Backup (Server )?Protection Agent/i,
  },
  {
    name: 'DPM or Azure Backup Server',
    covers: 'the machines that its agents are on',
    freezes: false,
    resident: true,
    programs: [],
    listedAs:
      /^(Microsoft )?(System Center )?(\d{4} )?(Data Protection Manager|DPM)( \d{4})?$|^Microsoft Azure Backup Server/i,
  },
  {
    name: SITE_RECOVERY,
    covers: 'all disks, all the time',
    freezes: true,
    resident: true,
    programs: ['svagents', 'vxagent'],
    modules: ['involflt'],
    listedAs: /^Microsoft Azure Site Recovery Mobility|Mobility Service\/Master Target/i,
  },
  {
    name: 'Veeam Agent',
    covers: 'disks or files',
    freezes: true,
    resident: true,
    programs: ['veeamservice', 'veeamconfig', 'veeam'],
    packages: ['veeam', 'veeam-nosnap'],
    modules: ['veeamsnap', 'veeamblksnap', 'blksnap'],
    listedAs: /^Veeam Agent/i,
  },
  {
    name: 'Veeam',
    covers: 'disks or files',
    freezes: true,
    resident: true,
    programs: ['veeamtransport', 'veeamdeployment'],
    packages: ['veeamdeployment', 'veeamtransport'],
    listedAs: /^Veeam Backup (Transport|VSS)/i,
  },
  {
    name: 'Acronis',
    covers: 'disks or files',
    freezes: true,
    resident: true,
    programs: ['aakore', 'acronis_mms'],
    modules: ['snapapi26'],
    listedAs: /^(Acronis )?Cyber (Protection|Protect) Agent|^Acronis .*Agent/i,
  },
  {
    name: 'Commvault',
    covers: 'disks or files',
    freezes: true,
    resident: true,
    programs: ['cvd', 'cvlaunchd'],
    listedAs: /^Commvault/i,
  },
  {
    name: 'Rubrik',
    covers: 'disks or files',
    freezes: true,
    resident: true,
    programs: ['backup_agent', 'rubrik'],
    packages: ['rubrik-agent'],
    listedAs: /^Rubrik Backup Service/i,
  },
  {
    name: 'Dell NetWorker',
    covers: 'files',
    freezes: false,
    resident: true,
    programs: ['nsrexecd'],
    packages: ['lgtoclnt'],
  },
  { name: 'Dell Avamar', covers: 'files', freezes: false, resident: true, programs: ['avagent', 'avagent.bin'] },
  { name: 'NetBackup', covers: 'files', freezes: false, resident: true, programs: ['bpcd', 'nbdisco'] },
  {
    name: 'IBM Storage Protect',
    covers: 'files',
    freezes: false,
    resident: true,
    programs: ['dsmc', 'dsmcad'],
    packages: ['TIVsm-BA', 'tivsm-ba'],
  },
  {
    name: 'Bacula',
    covers: 'files',
    freezes: false,
    resident: true,
    programs: ['bacula-fd'],
    packages: ['bacula-fd', 'bacula-client'],
  },
  {
    name: 'Bareos',
    covers: 'files',
    freezes: false,
    resident: true,
    programs: ['bareos-fd'],
    packages: ['bareos-filedaemon'],
  },
  {
    name: 'UrBackup',
    covers: 'files or disks',
    freezes: true,
    programs: ['urbackupclientbackend'],
    modules: ['dattobd'],
  },
  { name: 'restic', covers: 'files', freezes: false, programs: ['restic'], packages: ['restic'] },
  { name: 'BorgBackup', covers: 'files', freezes: false, programs: ['borg', 'borgmatic'], packages: ['borgbackup'] },
  { name: 'Kopia', covers: 'files', freezes: false, programs: ['kopia'], packages: ['kopia'] },
  { name: 'duplicity', covers: 'files', freezes: false, programs: ['duplicity', 'duply'], packages: ['duplicity'] },
  { name: 'rsnapshot', covers: 'files', freezes: false, programs: ['rsnapshot'], packages: ['rsnapshot'] },
  // A device-mapper snapshot freezes what is mounted of its origin: lvcreate(8), dmsetup(8).
  {
    name: 'a script with fsfreeze or lvcreate',
    covers: 'what it says',
    freezes: true,
    programs: ['fsfreeze', 'xfs_freeze', 'lvcreate'],
  },
];
