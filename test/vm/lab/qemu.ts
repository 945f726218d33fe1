import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from './image.ts';
import { AGENT_PORT, CMDLINE, type Disk } from './recipe.ts';

/** What QEMU is started with. */
export interface Hardware {
  readonly disks: Readonly<Record<Disk, string>>;
  /** A read-only disk with files for the machine. */
  readonly cargo?: string;
  /** The state to go on from, instead of booting. */
  readonly state?: string;
  /** More for the kernel's command line. */
  readonly append?: string;
  /** What the root's disk hangs on, `virtio-blk` when left out; a restored machine may have another. */
  readonly controller?: 'virtio-blk' | 'nvme';
  /** Data disks that the machine does not get. */
  readonly without?: readonly Exclude<Disk, 'root'>[];
  /** The hardware address of a network adapter; none when left out. */
  readonly mac?: string;
}

/** Below the folder of the machine. */
export const SOCKETS = { qmp: 'qmp.sock', lab: 'lab.sock', guestAgent: 'qga.sock' } as const;
export const CONSOLE = 'console.log';

/** Enough for Node, and what QEMU emulates well: with `max` (AVX) everything takes half as long again, or twice. */
const CPU = 'qemu64,-svm,+ssse3,+sse4.1,+sse4.2,+popcnt';

const DATA_DISKS = ['xfs', 'btrfs', 'lvm'] as const;
const ROOT_DEVICES = { 'virtio-blk': 'virtio-blk-pci', nvme: 'nvme,serial=root' } as const;

/**
 * Emulated: works on every machine, also on one that is virtual itself. No network, or QEMU's own, which gives an address
 * and leads nowhere (`restrict`). The data disks are SCSI, as on
 * Azure, and can be pulled out; `-no-reboot` is not given, since a reset must boot again.
 */
export function qemuArgs(image: Image, folder: string, hardware: Hardware): string[] {
  const { disks, cargo, state, append = '', controller = 'virtio-blk', without = [], mac } = hardware;
  const port = (id: string, socket: string, name: string): string[] => [
    ...['-chardev', `socket,id=${id},path=${join(folder, socket)},server=on,wait=off`],
    ...['-device', `virtserialport,chardev=${id},name=${name}`],
  ];
  const scsi = (disk: Disk): string[] => [
    ...['-drive', `if=none,id=${disk},file=${disks[disk]},format=qcow2,cache=writeback,discard=unmap`],
    ...['-device', `scsi-hd,drive=${disk},id=disk-${disk},serial=${disk}`],
  ];
  return [
    ...['-M', 'q35', '-accel', 'tcg,thread=multi', '-cpu', CPU, '-smp', '2', '-m', '1024'],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', `${CMDLINE} ${append}`.trim()],
    ...['-drive', `if=none,id=root,file=${disks.root},format=qcow2,cache=writeback,discard=unmap`],
    ...['-device', `${ROOT_DEVICES[controller]},drive=root,id=disk-root`],
    ...['-device', 'virtio-scsi-pci,id=scsi', ...DATA_DISKS.filter((disk) => !without.includes(disk)).flatMap(scsi)],
    ...(cargo === undefined
      ? []
      : ['-drive', `if=none,id=cargo,file=${cargo},format=raw,readonly=on`, '-device', 'virtio-blk-pci,drive=cargo']),
    ...(mac === undefined
      ? []
      : ['-netdev', 'user,id=net,restrict=on', '-device', `virtio-net-pci,netdev=net,mac=${mac},romfile=`]),
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci'],
    ...port('lab', SOCKETS.lab, AGENT_PORT),
    ...port('qga', SOCKETS.guestAgent, 'org.qemu.guest_agent.0'),
    ...['-qmp', `unix:${join(folder, SOCKETS.qmp)},server=on,wait=off`],
    ...['-chardev', `file,id=console,path=${join(folder, CONSOLE)}`, '-serial', 'chardev:console'],
    ...(state === undefined ? [] : ['-loadvm', state]),
  ];
}

/** Dies with this process, whatever ends it: setpriv has the kernel see to it. Its pid is noted beside its disks. */
export function startQemu(args: readonly string[], folder: string): ChildProcess {
  const said = openSync(join(folder, 'qemu.log'), 'a');
  const argv = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args];
  const child = spawn('setpriv', argv, { stdio: ['ignore', said, said], cwd: '/' });
  closeSync(said);
  writeFileSync(join(folder, 'pid'), `${child.pid ?? ''}\n`);
  return child;
}
