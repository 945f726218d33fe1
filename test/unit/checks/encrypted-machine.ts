/** Encrypted machines, as the tests of that group need them. */

export const mounts = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;
export const ROOT = '25 1 8:1 / / rw - ext4 /dev/sda1 rw';

/** A mapping as sysfs shows it. */
export const mapping = (name: string, uuid: string, on: string, number = 0): Record<string, string> => ({
  [`/sys/class/block/dm-${number}`]: `-> ../../devices/virtual/block/dm-${number}`,
  [`/sys/devices/virtual/block/dm-${number}/dm/uuid`]: `${uuid}\n`,
  [`/sys/devices/virtual/block/dm-${number}/dm/name`]: `${name}\n`,
  [`/sys/devices/virtual/block/dm-${number}/dev`]: `253:${number}\n`,
  [`/sys/devices/virtual/block/dm-${number}/size`]: '2048\n',
  [`/sys/devices/virtual/block/dm-${number}/slaves/${on}/dev`]: '',
  [`/sys/dev/block/253:${number}`]: `-> ../../devices/virtual/block/dm-${number}`,
});
export const DISK = {
  '/sys/class/block/sda':
    '-> ../../devices/LNXSYSTM:00/VMBUS:01/00000000-0000-8899-0000-000000000000/host0/target0:0:0/0:0:0:0/block/sda',
  '/sys/devices/LNXSYSTM:00/VMBUS:01/00000000-0000-8899-0000-000000000000/host0/target0:0:0/0:0:0:0/block/sda/size':
    '4096\n',
  '/sys/dev/block/8:1': '-> ../../block/sda',
};
export const TEMPORARY = {
  '/sys/class/block/sdb':
    '-> ../../devices/LNXSYSTM:00/VMBUS:01/00000000-0001-8899-0000-000000000000/host1/target1:0:1/1:0:1:0/block/sdb',
  '/sys/devices/LNXSYSTM:00/VMBUS:01/00000000-0001-8899-0000-000000000000/host1/target1:0:1/1:0:1:0/block/sdb/size':
    '4096\n',
  '/sys/dev/block/8:16': '-> ../../block/sdb',
};
/** A line that Azure Disk Encryption writes. */
export const BEK = 'data UUID=1 /mnt/azure_bek_disk/LinuxPassPhraseFileName luks,discard\n';
/** One of somebody's own. */
export const KEYED = 'data UUID=1 /root/key luks\n';
