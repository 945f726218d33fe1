import type { Facts } from '../../../agent/system/facts.ts';
import type { Imds, ImdsDisk } from '../../../agent/system/imds.ts';
import { AZURE } from './machine.ts';

type Files = Readonly<Record<string, string>>;

export const GIB = 1024 ** 3;
export const TIB = 1024 ** 4;

/** A controller as Hyper-V shows it, below which the persistent disks of a virtual machine are. */
const SCSI = 'LNXSYSTM:00/VMBUS:00/f8b3781a-1e82-4818-a1c3-63d806ec15bb/host0/target0:0:0';

/** A block device as sysfs shows it; `sda/sda1` is a partition. */
export function device(name: string, options: DeviceOptions = {}): Files {
  const { under = `${SCSI}/0:0:0:0`, number, bytes = GIB, model = 'Virtual Disk', members = [], more = {} } = options;
  // NVMe disks stand directly in their controller's folder.
  const path = name.startsWith('nvme') ? `${under}/${name}` : `${under}/block/${name}`;
  const folder = `/sys/devices/${path}`;
  const place = `-> ../../devices/${path}`;
  return {
    [`/sys/class/block/${name.split('/').at(-1)}`]: place,
    ...(number === undefined ? {} : { [`/sys/dev/block/${number}`]: place, [`${folder}/dev`]: `${number}\n` }),
    [`${folder}/size`]: `${bytes / 512}\n`,
    ...(name.includes('/') ? { [`${folder}/partition`]: '1\n' } : {}),
    [`${folder}/device/model`]: `${model}\n`,
    ...Object.fromEntries(members.map((member) => [`${folder}/slaves/${member}`, `-> ../../${member}`])),
    ...Object.fromEntries(Object.entries(more).map(([file, text]) => [`${folder}/${file}`, text])),
  };
}

export interface DeviceOptions {
  /** Of the controller that it hangs on. */
  readonly under?: string;
  readonly number?: string;
  readonly bytes?: number;
  readonly model?: string;
  readonly members?: readonly string[];
  readonly more?: Files;
}

export const VIRTUAL = { under: 'virtual', model: '' };
export const GEN1_TEMPORARY = 'LNXSYSTM:00/VMBUS:00/00000000-0001-8899-0000-000000000000/host1/target1:0:1/1:0:1:0';
export const GEN2_TEMPORARY = 'LNXSYSTM:00/VMBUS:00/f8b3781a-1e82-4818-a1c3-63d806ec15bb/host0/target0:0:0/0:0:0:1';
export const ISCSI = 'platform/host3/session1/target3:0:0/3:0:0:0';

/** A line of mountinfo. */
export const mount = (mountPoint: string, options: MountOptions = {}): string => {
  const {
    id = next(),
    number = '8:1',
    root = '/',
    own = 'rw',
    type = 'ext4',
    source = '/dev/sda1',
    all = 'rw',
  } = options;
  return `${id} 1 ${number} ${root} ${mountPoint} ${own} shared:1 - ${type} ${source} ${all}\n`;
};

export interface MountOptions {
  readonly id?: number;
  readonly number?: string;
  readonly root?: string;
  /** Of this mount alone. */
  readonly own?: string;
  readonly type?: string;
  readonly source?: string;
  /** Of the superblock. */
  readonly all?: string;
}

let lastId = 100;
const next = (): number => {
  lastId += 1;
  return lastId;
};

export const mounted = (...lines: readonly string[]): Files => ({ '/proc/1/mountinfo': lines.join('') });
/** A machine with one disk and nothing else. */
export const PLAIN: Files = { ...device('sda'), ...device('sda/sda1', { number: '8:1' }), ...mounted(mount('/')) };

/** What Azure's host tells of the disks. */
export function hosted(...disks: readonly Partial<ImdsDisk>[]): Facts {
  const whole = disks.map((disk, at) => ({
    lun: at === 0 ? undefined : at - 1,
    sizeGb: 30,
    storageType: 'Premium_LRS',
    managed: true,
    writeAccelerator: false,
    ...disk,
  }));
  return { ...AZURE, cloud: { name: 'azure', imds: { disks: whole } as unknown as Imds, imdsFault: undefined } };
}
