/** What the kernel and its tools tell: /proc, /sys, and the answers of stat, dmsetup and dmesg. */

import { parseFstab } from '../../../agent/boot/fstab.ts';
import { mountOf } from '../../../agent/checks/filesystems.ts';
import { parseBdi, parseDirty } from '../../../agent/checks/filesystems-dirty.ts';
import { sumOfErrors } from '../../../agent/checks/filesystems-errors.ts';
import { parseKernelLog } from '../../../agent/checks/kernel-log.ts';
import { defaultDeviceOf } from '../../../agent/checks/network-route.ts';
import { containerMounts } from '../../../agent/checks/os-containers.ts';
import { cpuTimes, memoryPercent } from '../../../agent/checks/os-load.ts';
import { judgeDenials } from '../../../agent/checks/os-security.ts';
import { localGroups, mountPlaces, pasted } from '../../../agent/checks/storage-evidence.ts';
import { hasKeys } from '../../../agent/checks/storage-shared.ts';
import { groupOf, parseRaidStatus } from '../../../agent/checks/volumes.ts';
import { parseState, waitsForThaw } from '../../../agent/checks/waiting-tasks.ts';
import { classify } from '../../../agent/freezer/classes.ts';
import { fileSystemsOf, readFileSystems } from '../../../agent/freezer/mounts.ts';
import { groupsOf, readStanding } from '../../../agent/freezer/stacking.ts';
import { parseMounts } from '../../../agent/sandbox/loops.ts';
import { ownCgroups } from '../../../agent/system/cgroup.ts';
import { asksPermission } from '../../../agent/system/fanotify.ts';
import { parseStat } from '../../../agent/system/kin.ts';
import { lockingPids } from '../../../agent/system/lock-holders.ts';
import { parseStatfs } from '../../../agent/system/statfs.ts';
import { memorySystem } from '../memory-system.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';
import { MOUNTINFO } from './samples.ts';

/** From the table of mounts to the order of freezing: each file system once, whatever the table says. */
async function mountinfo(given: string): Promise<void> {
  // The kernel's own texts end where a NUL would stand, and its paths at 4 KiB.
  const lines = given.replaceAll('\0', '').split('\n');
  const text = lines.map((line) => line.slice(0, 8192)).join('\n');
  parseMounts(text);
  containerMounts(text);
  const places = mountPlaces(text);
  mountOf(places, '/srv/www/index.html');
  const system = memorySystem({
    files: new Map([
      ['/proc/1/mountinfo', text],
      ['/sys/class/block/loop3/loop/backing_file', '/home/image\n'],
      ['/sys/fs/btrfs/u-1/devices/sdb1', ''],
    ]),
  });
  const all = await readFileSystems(system);
  mustHold(new Set(all.map(({ id }) => id)).size === all.length, 'a superblock is there once');
  localGroups(await classify(system, fileSystemsOf(places)));
  // Hundreds of them take seconds in which nothing goes wrong that did not with a few.
  const few = all.slice(0, 50);
  const groups = groupsOf(few, await readStanding(system, few));
  mustHold(groups.flat().length === few.length, 'every file system has its place in the order');
}

const STAT =
  '4242 (a) b (c)) S 1 4242 4242 0 -1 4194560 86 0 0 0 0 0 0 0 20 0 1 0 6502 2600960 0 18446744073709551615 1';
const KERNEL_LOG = `[    1.204823] hv_vmbus: registering driver hv_pci
[ 9021.113377] EXT4-fs error (device sda1): ext4_lookup:1855: inode #2: comm ls: deleted inode referenced: 12
[ 9022.4] XFS (dm-0): Metadata corruption detected at xfs_agi_verify+0x10, xfs_agi block 0x2
[ 9023.1] blk_update_request: I/O error, dev sdc, sector 4096 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0
[ 9024.1] BTRFS error (device sdb1): bdev /dev/sdb1 errs: wr 1, rd 0, flush 0, corrupt 0, gen 0
[ 9025.1] Aborting journal on device dm-1-8.
`;
const AUDIT = `type=AVC msg=audit(1700000000.123:456): avc:  denied  { read write } for  pid=812 comm="waagent" name="x" dev="sda1" ino=12 scontext=system_u:system_r:waagent_t:s0 tcontext=x tclass=file permissive=0
`;
const MEMINFO =
  'MemTotal:        8129212 kB\nMemAvailable:    7300000 kB\nDirty:               180 kB\nWriteback:             0 kB\n';

export const kernelTargets: readonly FuzzTarget[] = [
  textTarget(
    'mountinfo',
    [
      ...['readMountinfo', 'readFileSystems', 'parseMountinfo'].map((name) => `freezer/mounts.ts ${name}`),
      'freezer/stacking.ts readStanding',
      'sandbox/loops.ts parseMounts',
      'checks/storage-evidence.ts mountPlaces',
      'checks/os-containers.ts containerMounts',
    ],
    [MOUNTINFO],
    mountinfo,
  ),
  textTarget('process-stat', ['system/kin.ts parseStat', 'checks/waiting-tasks.ts parseState'], [STAT], (text) => {
    parseStat(text);
    parseState(text);
  }),
  textTarget(
    'process-stack',
    ['checks/waiting-tasks.ts waitsForThaw'],
    ['[<0>] percpu_rwsem_wait+0x119/0x140\n[<0>] __percpu_down_read+0x5b/0x80\n[<0>] vfs_write.part.0+0x2a/0x3d0\n'],
    (text) => {
      waitsForThaw(text, '');
      waitsForThaw('percpu_rwsem_wait', text);
    },
  ),
  textTarget(
    'cgroups',
    ['system/cgroup.ts ownCgroups'],
    ['0::/system.slice/quiesced.service\n7:freezer,pids:/\n', MOUNTINFO],
    (text) => {
      ownCgroups(text, MOUNTINFO);
      ownCgroups('0::/a\n7:freezer:/b\n', text);
    },
  ),
  textTarget(
    'locks',
    ['system/lock-holders.ts lockingPids', 'system/fanotify.ts asksPermission'],
    [
      '1: POSIX  ADVISORY  WRITE 3548 08:01:2108 0 EOF\n2: FLOCK  ADVISORY  WRITE 460 00:19:861 0 EOF\n',
      'pos:\t0\nflags:\t02\nfanotify flags:10 event-flags:0\nfanotify sdev:800013 mflags:0 mask:10000 ignored_mask:0\n',
    ],
    (text) => {
      lockingPids(text);
      asksPermission(text);
    },
  ),
  textTarget(
    'statfs',
    ['system/statfs.ts parseStatfs'],
    ['4096 100 23 20 1000 960 /data dir\n4096 1 1 1 0 0 /\n'],
    (text) => {
      for (const usage of parseStatfs(text).values()) {
        mustHold(
          Object.values(usage).every((each) => each >= 0),
          'what is told of a file system is a number',
        );
      }
    },
  ),
  textTarget(
    'memory-and-load',
    [
      ...['cpuTimes', 'memoryPercent'].map((name) => `checks/os-load.ts ${name}`),
      ...['parseDirty', 'parseBdi'].map((name) => `checks/filesystems-dirty.ts ${name}`),
      'checks/network-route.ts defaultDeviceOf',
    ],
    [
      MEMINFO,
      'cpu  1000 0 500 90000 100 0 20 0 0 0\ncpu0 1 2 3\n',
      'BdiWriteback:               12 kB\nBdiReclaimable:            180 kB\nBdiWriteBandwidth:      102400 kBps\n',
      'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\n',
    ],
    (text) => {
      cpuTimes(text);
      memoryPercent(text);
      parseDirty(text);
      parseBdi(text);
      defaultDeviceOf(text);
    },
  ),
  textTarget(
    'fstab',
    ['boot/fstab.ts parseFstab'],
    ['PARTUUID=1d-01 / ext4 rw,errors=remount-ro 0 1\n# x\n/dev/sdc1\t/my\\040data\txfs\tdefaults,nofail\t0\t2\n'],
    (text) => {
      for (const { mountPoint } of parseFstab(text)) pasted(mountPoint);
    },
  ),
  textTarget(
    'volumes',
    [
      ...['groupOf', 'parseRaidStatus'].map((name) => `checks/volumes.ts ${name}`),
      'checks/filesystems-errors.ts sumOfErrors',
      'checks/storage-shared.ts hasKeys',
    ],
    [
      'vg-lv: 0 2097152 raid raid1 2 Aa 2097152/2097152 idle 0 0 -\n',
      'my--group-root--fs',
      'write_errs 0\nread_errs 3\n',
      '  PR generation=0x2, 1 registered reservation key follows:\n    0xabc\n',
    ],
    (text) => {
      groupOf(text);
      parseRaidStatus(text);
      sumOfErrors(text);
      hasKeys(text);
    },
  ),
  textTarget(
    'kernel-log',
    ['checks/kernel-log.ts parseKernelLog', 'checks/os-security.ts judgeDenials'],
    [KERNEL_LOG, AUDIT],
    (text) => {
      parseKernelLog(text);
      judgeDenials(text);
    },
  ),
];
