import { type FieldProblem, type Fields, fieldsOf, type Item } from './fields.ts';

/**
 * What the service asks for: the public and the (decrypted) protected settings of Microsoft's backup extension as typed
 * values. What is secret: `blobSasUris`, `statusBlobUri`, `logsBlobUri`, `snapshotTaskToken`. Never to be written to disk.
 */
export interface BackupJob extends ReportTo {
  /** `install`: nothing is to be done, and that is a success. */
  readonly command: 'snapshot' | 'install';
  /** The task as the host knows it: `customSettings.backupTaskId`, else `taskId`. */
  readonly hostTaskId: string;
  readonly snapshotTaskToken: string;
  /** Goes onto every snapshot, in this order. */
  readonly metadata: readonly Pair[];
  /** One for each disk that the guest may snapshot; the order is that of the report. */
  readonly blobSasUris: readonly string[];
  readonly takeSnapshotFrom: SnapshotOrigin;
  readonly disks: IncludedDisks;
  /** What the host is told besides, word for word: TTL of the snapshots, how it finds the disks. */
  readonly hostSettings: readonly HostSetting[];
  /** One disk of a managed machine, in a second attempt: then a snapshot may be taken although the freeze failed. */
  readonly crashConsistentAllowed: boolean;
}

/** Who is told, and how; known as far as it can be read, even when the rest of the settings is at fault. */
export interface ReportTo {
  /** Empty when the service named none. */
  readonly taskId: string;
  /** Undefined: none was sent, or none that is known. */
  readonly vmType: VmType | undefined;
  /** .NET ticks (100 ns since the year 1, UTC) as they were sent; empty when they were not. */
  readonly commandStartTicks: string;
  readonly statusBlobUri: string | undefined;
  readonly logsBlobUri: string | undefined;
}

/** `v2`: of Azure Resource Manager. */
export type VmType = 'v2' | 'classic';

export const ORIGINS = ['onlyGuest', 'firstGuestThenHost', 'firstHostThenGuest', 'onlyHost'] as const;
/** Who takes the snapshots, as it is to be done: what the kinds of the disks demand has been seen to. */
export type SnapshotOrigin = (typeof ORIGINS)[number];

export interface Pair {
  readonly key: string;
  readonly value: string;
}

export interface HostSetting {
  readonly key: string;
  readonly value: boolean;
}

export interface IncludedDisks {
  /** As they are given to the host; `OS_DISK_LUN` is the disk of the system. Empty: not said. */
  readonly luns: readonly number[];
  /** `false`: the snapshot is of the whole machine, whatever `luns` says. */
  readonly anyExcluded: boolean;
  /** Azure Disk Encryption: its settings have to be copied onto the snapshots. */
  readonly encrypted: boolean;
  /** How long a snapshot may be restored from instantly; the host is told. */
  readonly instantAccessMinutes: number | undefined;
}

/** The LUN by which the service names the disk of the system. */
export const OS_DISK_LUN = -1;

/** Either the job or what is wrong with its settings; who is told of it in any case. */
export type JobRead =
  | { readonly job: BackupJob; readonly reportTo: ReportTo; readonly problems?: undefined }
  | { readonly job?: undefined; readonly reportTo: ReportTo; readonly problems: readonly FieldProblem[] };

/**
 * Reads what `N.settings` holds, once it is decrypted: reference VMSnapshotLinux, parameterparser.py. Never throws. Every
 * problem names its key, and none of them a value.
 */
export function parseJob(publicSettings: object, protectedSettings: object = {}): JobRead {
  const problems: FieldProblem[] = [];
  const open = fieldsOf(publicSettings, 'publicSettings', problems);
  const secret = fieldsOf(protectedSettings, 'protectedSettings', problems);
  const reportTo = reportToOf(open, secret);
  const command = open.needed('commandToExecute', (key) => open.choice(key, 'install or snapshot', commandIn));
  if (command === 'install') return { job: { ...NOTHING_ASKED, ...reportTo, command }, reportTo };
  const custom = first(open, secret, 'customSettings').packed('customSettings');
  const body = open.needed('objectStr', (key) => open.packed(key, decodeObject));
  const included = body?.object('includedDisks');
  const disks = disksOf(included);
  const job: BackupJob = {
    ...reportTo,
    command: 'snapshot',
    hostTaskId: custom?.text('backupTaskId') ?? reportTo.taskId,
    snapshotTaskToken: body?.text('snapshotTaskToken') ?? secret.text('snapshotTaskToken') ?? '',
    metadata: body?.needed('backupMetadata', (key) => body.list(key, pairOf)) ?? [],
    blobSasUris: secret.packed('objectStr', decodeObject)?.list('blobSASUri', (item) => item.url()) ?? [],
    takeSnapshotFrom: originOf(disks, included, custom),
    disks,
    hostSettings: hostSettingsOf(body, included),
    crashConsistentAllowed: crashAllowed(disks, custom),
  };
  return problems.length === 0 ? { job, reportTo } : { reportTo, problems };
}

const NOTHING_ASKED: Omit<BackupJob, 'command' | keyof ReportTo> = {
  hostTaskId: '',
  snapshotTaskToken: '',
  metadata: [],
  blobSasUris: [],
  takeSnapshotFrom: 'onlyGuest',
  disks: { luns: [], anyExcluded: false, encrypted: false, instantAccessMinutes: undefined },
  hostSettings: [],
  crashConsistentAllowed: false,
};

/** Who is told, as far as the public settings say it; for who has not opened the others. */
export const readReportTo = (publicSettings: object): ReportTo =>
  reportToOf(fieldsOf(publicSettings, '', []), fieldsOf({}, '', []));

function reportToOf(open: Fields, secret: Fields): ReportTo {
  return {
    // It is given back as it is: nothing else may get into the report by it.
    taskId: open.choice('taskId', 'an id of letters, digits and hyphens', taskIdIn) ?? '',
    vmType: open.needed('vmType', (key) =>
      open.choice(key, [...VM_TYPES.keys()].join(' or '), (type) => VM_TYPES.get(type.toLowerCase())),
    ),
    commandStartTicks: open.digits('commandStartTimeUTCTicks') ?? '',
    statusBlobUri: first(open, secret, 'statusBlobUri').url('statusBlobUri'),
    logsBlobUri: first(open, secret, 'logsBlobUri').url('logsBlobUri'),
  };
}

const taskIdIn = (text: string): string | undefined => (/^[\w.-]{1,128}$/.test(text) ? text : undefined);

const VM_TYPES: ReadonlyMap<string, VmType> = new Map([
  ['microsoft.compute/virtualmachines', 'v2'],
  ['microsoft.classiccompute/virtualmachines', 'classic'],
]);

/** What is public wins, where it is there. */
const first = (open: Fields, secret: Fields, key: string): Fields => (open.has(key) ? open : secret);

/** A part of the text is enough: so does upstream read it. */
const commandIn = (text: string): BackupJob['command'] | undefined =>
  (['install', 'snapshot'] as const).find((command) => text.toLowerCase().includes(command));

/** Base64 of JSON, with blanks and single quotes around it. */
const decodeObject = (text: string): string =>
  Buffer.from(text, 'base64')
    .toString('utf8')
    .trim()
    .replace(/^'+|'+$/g, '');

function pairOf(item: Item): Pair | undefined {
  const fields = item.object();
  const key = fields?.needed('Key', fields.text);
  return fields && key ? { key, value: fields.text('Value') ?? '' } : undefined;
}

function disksOf(included: Fields | undefined): IncludedDisks {
  const luns = included?.list('dataDiskLunList', (item) => item.whole()) ?? [];
  const withSystem = included?.flag('isOSDiskIncluded') ?? false;
  return {
    luns: withSystem ? [...luns, OS_DISK_LUN] : luns,
    anyExcluded: included?.flag('isAnyDiskExcluded') ?? false,
    encrypted: included?.flag('isVMADEEnabled') ?? false,
    instantAccessMinutes: included?.whole('instantAccessDurationMinutes'),
  };
}

/** Of kinds that the host alone can snapshot: Write Accelerator, the guest state of a trusted VM, DirectDrive. */
const HOST_ONLY = ['isAnyWADiskIncluded', 'isVmgsBlobIncluded', 'isAnyDirectDriveDiskIncluded'];

/** An origin that is not known is upstream's default: a service that is newer than this must not fail for it. */
function originOf(
  { luns, anyExcluded }: IncludedDisks,
  included: Fields | undefined,
  custom: Fields | undefined,
): SnapshotOrigin {
  const asked = ORIGINS.find((origin) => origin === custom?.text('takeSnapshotFrom')) ?? 'firstHostThenGuest';
  const accelerated = custom?.list('waDiskLunList', (item) => item.whole()) ?? [];
  const hostOnly =
    HOST_ONLY.map((key) => included?.flag(key)).includes(true) || accelerated.some((lun) => luns.includes(lun));
  // The host takes an empty list for all disks.
  const unnamed = anyExcluded && luns.length === 0;
  if (hostOnly && unnamed)
    included?.refuse(
      'dataDiskLunList',
      'must name the disks: some are excluded, and the host alone can snapshot these',
      17,
    );
  if (hostOnly) return 'onlyHost';
  return unnamed ? 'onlyGuest' : asked;
}

/** Sent for the host; the last is among the disks. */
const DYNAMIC = [
  'isSnapshotTtlEnabled',
  'useMccfToFetchDsasForAllDisks',
  'useMccfForLad',
  'EnableVMSnapshotExtensionPolling',
] as const;

function hostSettingsOf(body: Fields | undefined, included: Fields | undefined): readonly HostSetting[] {
  const sent = new Map<string, boolean>();
  body?.list('dynamicConfigsFromCRP', (item) => {
    const fields = item.object();
    const key = fields?.text('Key')?.toLowerCase();
    const known = DYNAMIC.find((name) => name.toLowerCase() === key);
    if (fields && known) sent.set(known, fields.flag('Value') ?? false);
    return undefined;
  });
  return [
    ...DYNAMIC.map((key) => ({ key, value: sent.get(key) ?? false })),
    { key: 'isVmmdBlobIncluded', value: included?.flag('isVmmdBlobIncluded') ?? false },
  ];
}

function crashAllowed({ luns }: IncludedDisks, custom: Fields | undefined): boolean {
  const managed = custom?.flag('isManagedVm') ?? false;
  const allowed = custom?.flag('canTakeCrashConsistentSnapshot') ?? false;
  const again = (custom?.whole('backupRetryCount') ?? 0) > 0;
  return managed && allowed && again && luns.length === 1;
}
