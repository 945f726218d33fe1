/**
 * A machine with faults is checked, repaired, and started as a copy on another controller and without a data disk: it does
 * not come up before, and does after. Its kernel and initramfs are given to QEMU from outside, so that boot menus have no
 * part in it; and it has no network, so that the files of one are judged, not used.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Image } from './lab/image.ts';
import { boot, launch, type Machine } from './lab/machine.ts';
import type { Disk } from './lab/recipe.ts';
import { vmTest } from './lab/scenario.ts';
import { overlaysOf, type State } from './lab/states.ts';

/** A root that is not found is waited for by the initramfs for half a minute, and that is emulated. */
const GIVEN_UP_MS = 600_000;
const REPAIR_MS = 900_000;

const FOUND = ['boot.fstab', 'boot.hyperv-initramfs', 'boot.udf-vfat', 'net.dhcp-restored'];
const PLANT = [
  // By the name that the kernel gives it today, and without nofail.
  `sed -i "s|^LABEL=xfs .*|$(lsblk -dnro PATH,SERIAL | sed -n 's/ xfs$//p') /data/xfs xfs defaults 0 0|" /etc/fstab`,
  'printf "install udf /bin/true\\n" >/etc/modprobe.d/cis.conf',
  'printf "[Match]\\nMACAddress=00:0d:3a:11:22:33\\n[Network]\\nDHCP=yes\\n" >/etc/systemd/network/10-own.network',
];

vmTest('a restored copy: other controller, no data disk', 'ready', async (t, machine, state) => {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-restore-'));
  try {
    for (const command of PLANT) await machine.must(command);
    const before = await findings(machine);
    for (const id of FOUND) t.match(before.get(id), /^(fail|warn)$/, `${id} is found`);
    const modular = { ...state.image, kernel: state.image.modularKernel };
    const faulty = { ...modular, initrd: await imageOf(machine, join(folder, 'faulty.img')) };

    const repaired = await machine.run(`quiesced repair --json ${FOUND.join(' ')}`, { timeoutMs: REPAIR_MS });
    t.equal(repaired.code, 0, repaired.output);
    const after = await findings(machine);
    for (const id of FOUND) t.match(after.get(id), /^(pass|info)$/, `${id} is in order`);
    const mended = { ...modular, initrd: await imageOf(machine, join(folder, 'mended.img')) };
    await machine.powerOff();

    await comesUp(t, mended, machine.hardware.disks, folder);
    await staysDown(t, state, faulty, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function findings(machine: Machine): Promise<ReadonlyMap<string, string>> {
  const { output } = await machine.run('quiesced check --group restore --json', { timeoutMs: REPAIR_MS });
  const report = JSON.parse(output) as { findings: readonly { id: string; verdict: string }[] };
  return new Map(report.findings.map(({ id, verdict }) => [id, verdict]));
}

const PIECE_KIB = 512;

/** Brings the initramfs of the modular kernel out of the machine, in pieces that the agent's line takes. */
async function imageOf(machine: Machine, path: string): Promise<string> {
  const image = '/boot/initrd.img-*[0-9]-amd64';
  const size = Number(await machine.must(`stat -c %s ${image}`));
  const pieces: Buffer[] = [];
  for (let at = 0; at * PIECE_KIB * 1024 < size; at += 1) {
    const dd = `dd if=$(echo ${image}) bs=${PIECE_KIB}K skip=${at} count=1 status=none`;
    pieces.push(Buffer.from(await machine.must(`${dd} | base64 -w0`), 'base64'));
  }
  writeFileSync(path, Buffer.concat(pieces));
  return path;
}

const ELSEWHERE = { controller: 'nvme', without: ['xfs'] } as const;

async function comesUp(t: Test, image: Image, disks: Readonly<Record<Disk, string>>, folder: string): Promise<void> {
  const copy = await boot(image, { disks: await overlaysOf(disks, folder), ...ELSEWHERE });
  try {
    t.match(await copy.must('findmnt -no SOURCE /'), /nvme/, 'it came up, from another controller');
    t.not((await copy.run('mountpoint -q /data/xfs')).code, 0, 'without the data disk');
    t.equal(await copy.must('systemctl is-active quiesced'), 'active\n', 'and would be backed up again');
  } finally {
    await copy.end();
  }
}

/** With the image as it was before; what is on the disk has no part in it, since nothing of it is found. */
async function staysDown(t: Test, { disks }: State, image: Image, folder: string): Promise<void> {
  const overlays = await overlaysOf(disks, join(folder, 'before'));
  const copy = await launch(image, { disks: overlays, ...ELSEWHERE });
  try {
    for (const end = Date.now() + GIVEN_UP_MS; !/ALERT!|initramfs\)|emergency mode/.test(copy.console()); ) {
      if (Date.now() > end) throw new Error(`it neither came up nor gave up:\n${copy.console().slice(-2000)}`);
      await sleep(500);
    }
    t.pass('the faulty one does not find its root');
  } finally {
    await copy.end();
  }
}
