/** A machine with faults that keep a restored copy from coming up, or from being reached. */
import { writeFileSync } from 'node:fs';
import type { Machine } from './machine.ts';

/** To read an initramfs, and to make one, takes its time where all of it is emulated. */
export const REPAIR_MS = 900_000;

export const DRIVERS = 'boot.hyperv-initramfs';
export const FOUND = ['boot.fstab', DRIVERS, 'boot.serial-console', 'boot.udf-vfat', 'net.dhcp-restored'];
/** Of the kernel whose drivers are modules, which is not the one that runs: repaired is each that is installed. */
export const INITRAMFS = '$(echo /boot/initrd.img-*[0-9]-amd64)';
export const ENTRY = '/boot/loader/entries/lab.conf';
const GUIDE = '/etc/modprobe.d/cis.conf';
const NETWORK = '/etc/systemd/network/10-own.network';
/** What a repair of all these faults edits. */
export const EDITED = ['/etc/fstab', GUIDE, NETWORK, ENTRY, '/etc/initramfs-tools/modules'];

const PLANT = [
  // By the name that the kernel gives it today, and without nofail.
  `sed -i "s|^LABEL=xfs .*|$(lsblk -dnro PATH,SERIAL | sed -n 's/ xfs$//p') /data/xfs xfs defaults 0 0|" /etc/fstab`,
  `printf "install udf /bin/true\\n" >${GUIDE}`,
  `printf "[Match]\\nMACAddress=00:0d:3a:11:22:33\\n[Network]\\nDHCP=yes\\n" >${NETWORK}`,
  // Who waits for a network would wait for two minutes where there is none yet.
  'systemctl enable systemd-networkd && systemctl disable systemd-networkd-wait-online',
  `mkdir -p /boot/loader/entries && printf 'title lab\\nlinux /boot/vmlinuz-%s\\ninitrd /boot/initrd.img-%s\\noptions root=LABEL=root rw\\n' $(uname -r) $(uname -r) >${ENTRY}`,
];

export async function plantFaults(machine: Pick<Machine, 'must'>): Promise<void> {
  for (const command of PLANT) await machine.must(command);
}

/** An emulated machine may be too slow for the deadline of a check, which is an error then. */
const TRIES = 5;

/** The verdict of each check of the group, by its id; with a folder, of the disk that is mounted there. */
export async function findings(machine: Pick<Machine, 'run'>, root = '/'): Promise<ReadonlyMap<string, string>> {
  const where = root === '/' ? '' : `--root ${root}`;
  for (let tried = 1; ; tried += 1) {
    const { output } = await machine.run(`quiesced check --group restore --json ${where}`, { timeoutMs: REPAIR_MS });
    const report = JSON.parse(output) as { findings: readonly { id: string; verdict: string }[] };
    const verdicts = new Map(report.findings.map(({ id, verdict }) => [id, verdict]));
    if (tried === TRIES || ![...verdicts.values()].includes('error')) return verdicts;
  }
}

const PIECE_KIB = 512;

/** Brings the initramfs of the modular kernel out of the machine, in pieces that the agent's line takes. */
export async function initramfsOf(machine: Pick<Machine, 'must'>, path: string): Promise<string> {
  const size = Number(await machine.must(`stat -c %s ${INITRAMFS}`));
  const pieces: Buffer[] = [];
  for (let at = 0; at * PIECE_KIB * 1024 < size; at += 1) {
    const dd = `dd if=${INITRAMFS} bs=${PIECE_KIB}K skip=${at} count=1 status=none`;
    pieces.push(Buffer.from(await machine.must(`${dd} | base64 -w0`), 'base64'));
  }
  writeFileSync(path, Buffer.concat(pieces));
  return path;
}
