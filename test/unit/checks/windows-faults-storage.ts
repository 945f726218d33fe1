import { GPT_TYPES, MBR_TYPES } from '../../../agent/checks/partition-table.ts';
import type { ImdsDisk } from '../../../agent/system/imds.ts';
import { gptDisk, mbrDisk } from '../../fixtures/gpt.ts';
import { told, type WindowsFault } from './windows-fault.ts';
import { HEALTHY_WINDOWS, onDemand, volume } from './windows-machine.ts';

const GIB = 1024 ** 3;
const DATA = 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7';
const [FIRST] = HEALTHY_WINDOWS.disks as readonly [Buffer];
const disks = (change: Partial<ImdsDisk>, count = 1): WindowsFault['plant'] =>
  told({
    disks: Array.from({ length: count }, (_, lun) => ({
      ...{ lun, sizeGb: 64, storageType: 'Premium_LRS', managed: true, writeAccelerator: false },
      ...change,
    })),
  });

export const WINDOWS_STORAGE_FAULTS: readonly WindowsFault[] = [
  { name: '33 data disks', plant: disks({}, 33), found: 'disk.count', verdict: 'fail', detail: /33/ },
  {
    name: 'an Ultra Disk',
    plant: disks({ storageType: 'UltraSSD_LRS' }),
    found: 'disk.ultra-pv2',
    verdict: 'info',
    detail: /Ultra/,
  },
  {
    name: 'Write Accelerator',
    plant: disks({ writeAccelerator: true }),
    found: 'disk.write-accel',
    verdict: 'info',
    detail: /LUN 0/,
    also: ['net.storage443 fail'],
  },
  {
    name: 'a disk of 65 TiB',
    plant: { disks: [FIRST, gptDisk([DATA], 65 * 1024 * GIB)] },
    found: 'disk.size',
    verdict: 'fail',
    detail: /disk 1 has 65\.0 TiB/,
  },
  {
    name: 'disks of more than 512 TiB',
    plant: { disks: [FIRST, ...Array.from({ length: 9 }, () => gptDisk([DATA], 60 * 1024 * GIB))] },
    found: 'disk.total',
    verdict: 'fail',
    detail: /540\.\d TiB in all/,
  },
  {
    name: 'an unmanaged disk',
    plant: disks({ managed: false }),
    found: 'disk.unmanaged',
    verdict: 'fail',
    detail: /LUN 0/,
  },
  {
    name: 'data on the temporary disk',
    plant: { files: { 'D:\\SQL\\tempdb.mdf': '' } },
    found: 'disk.temp',
    verdict: 'warn',
    detail: /D:\\SQL/,
  },
  {
    name: 'hardly any space for Windows',
    plant: { volumes: [volume('C:\\', { freeBytes: 0.5 * GIB })] },
    found: 'fs.space',
    verdict: 'warn',
    detail: /512 MiB left/,
  },
  {
    name: 'hardly any space for Windows, but for what is mounted in a folder of it',
    plant: { volumes: [volume('C:\\data\\'), volume('C:\\', { freeBytes: 0.5 * GIB })] },
    found: 'fs.space',
    verdict: 'warn',
    detail: /^C: has 512 MiB left/,
  },
  {
    name: 'no space for Windows',
    plant: { volumes: [volume('C:\\', { freeBytes: GIB / 16 })] },
    found: 'fs.space',
    verdict: 'fail',
    detail: /64 MiB left/,
  },
  {
    name: 'a data disk that is full',
    plant: { volumes: [volume('C:\\'), volume('F:\\', { freeBytes: GIB })] },
    found: 'fs.space',
    verdict: 'warn',
    detail: /F: 100 % full/,
  },
  {
    name: 'ReFS',
    plant: { volumes: [volume('C:\\'), volume('F:\\', { fileSystem: 'ReFS' })] },
    found: 'vol.refs',
    verdict: 'info',
    detail: /F: is of ReFS/,
  },
  {
    name: 'a dynamic disk',
    plant: { disks: [FIRST, mbrDisk([MBR_TYPES.ldm])] },
    found: 'vol.dynamic',
    verdict: 'info',
    detail: /disk 1 is dynamic/,
  },
  {
    name: 'a dynamic disk with a GPT',
    plant: { disks: [FIRST, gptDisk([DATA, GPT_TYPES.ldmData], GIB)] },
    found: 'vol.dynamic',
    verdict: 'info',
    detail: /disk 1 is dynamic/,
  },
  {
    name: 'Storage Spaces',
    plant: { disks: [FIRST, gptDisk([GPT_TYPES.storageSpaces], GIB)] },
    found: 'vol.storage-spaces',
    verdict: 'fail',
    detail: /disk 1 belongs/,
  },
  {
    name: 'deduplication',
    plant: {
      services: { ddpsvc: onDemand },
      files: { 'F:\\System Volume Information\\Dedup\\ChunkStore\\x': '' },
    },
    found: 'vol.dedup',
    verdict: 'warn',
    detail: /F: is deduplicated/,
  },
  {
    name: 'a locked volume',
    plant: {
      volumes: [
        volume('C:\\'),
        volume('G:\\', {
          ...{ locked: true, fileSystem: undefined, sizeBytes: undefined, freeBytes: undefined, dirty: undefined },
        }),
      ],
    },
    found: 'enc.bitlocker',
    verdict: 'fail',
    detail: /G: is locked/,
  },
  {
    name: 'Azure Disk Encryption',
    plant: { volumes: [volume('C:\\'), volume('E:\\', { label: 'BEK Volume' })] },
    found: 'enc.ade',
    verdict: 'info',
    detail: /in use/,
  },
  {
    name: 'a confidential machine',
    plant: told({ securityType: 'ConfidentialVM' }),
    found: 'enc.cvm',
    verdict: 'warn',
    detail: /confidential/,
  },
  {
    name: 'Trusted Launch',
    plant: told({ securityType: 'TrustedLaunch' }),
    found: 'enc.trusted-launch',
    verdict: 'info',
    detail: /Trusted Launch/,
  },
  {
    name: 'encryption at the host',
    plant: told({ encryptionAtHost: true }),
    found: 'enc.host',
    verdict: 'info',
    detail: /the host encrypts/,
  },
];
