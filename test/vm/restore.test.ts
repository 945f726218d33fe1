/**
 * A machine with faults is checked, repaired, and started as a copy on another controller, with another network adapter and
 * without a data disk: it does not come up before, and does after, with an address and a login on the serial console. Its
 * kernel and initramfs are given to QEMU from outside, so that boot menus are judged, not used. On the way a repair is
 * killed while the image is made; the old one stays, and the service makes up what was left.
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

const DRIVERS = 'boot.hyperv-initramfs';
const FOUND = ['boot.fstab', DRIVERS, 'boot.serial-console', 'boot.udf-vfat', 'net.dhcp-restored'];
/** Of the kernel whose drivers are modules, which is not the one that runs: repaired is each that is installed. */
const IMAGE = '$(echo /boot/initrd.img-*[0-9]-amd64)';
const ENTRY = '/boot/loader/entries/lab.conf';
const PLANT = [
  // By the name that the kernel gives it today, and without nofail.
  `sed -i "s|^LABEL=xfs .*|$(lsblk -dnro PATH,SERIAL | sed -n 's/ xfs$//p') /data/xfs xfs defaults 0 0|" /etc/fstab`,
  'printf "install udf /bin/true\\n" >/etc/modprobe.d/cis.conf',
  'printf "[Match]\\nMACAddress=00:0d:3a:11:22:33\\n[Network]\\nDHCP=yes\\n" >/etc/systemd/network/10-own.network',
  // Who waits for a network would wait for two minutes where there is none yet.
  'systemctl enable systemd-networkd && systemctl disable systemd-networkd-wait-online',
  `mkdir -p /boot/loader/entries && printf 'title lab\\nlinux /boot/vmlinuz-%s\\ninitrd /boot/initrd.img-%s\\noptions root=LABEL=root rw\\n' $(uname -r) $(uname -r) >${ENTRY}`,
];

vmTest('a restored copy: other controller, no data disk', 'ready', async (t, machine, state) => {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-restore-'));
  try {
    for (const command of PLANT) await machine.must(command);
    const before = await findings(machine);
    for (const id of FOUND) t.match(before.get(id), /^(fail|warn)$/, `${id} is found`);
    const modular = { ...state.image, kernel: state.image.modularKernel };
    const faulty = { ...modular, initrd: await imageOf(machine, join(folder, 'faulty.img')) };
    await cutOff(t, machine);

    const repaired = await machine.run(`quiesced repair --json ${FOUND.join(' ')}`, { timeoutMs: REPAIR_MS });
    t.equal(repaired.code, 0, repaired.output);
    const after = await findings(machine);
    for (const id of FOUND) t.match(after.get(id), /^(pass|info)$/, `${id} is in order`);
    t.match(await machine.must(`cat ${ENTRY}`), /^options .*console=ttyS0/m);
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

/** All of it is killed, as with the machine: also what makes the image. */
async function cutOff(t: Test, machine: Machine): Promise<void> {
  const before = await machine.must(`sha256sum ${IMAGE}`);
  await machine.must(`systemd-run -q --unit=cut-off quiesced repair ${DRIVERS}`);
  const making = 'until pgrep --full "[m]kinitramfs -o"; do systemctl -q is-active cut-off || exit 1; sleep 0.2; done';
  await machine.must(making, { timeoutMs: REPAIR_MS });
  await machine.must('systemctl kill --signal=KILL cut-off');
  t.equal(await machine.must(`sha256sum ${IMAGE}`), before, 'killed meanwhile: the image is the old one');
  t.match((await findings(machine)).get(DRIVERS), /^(fail|warn)$/, 'and lacks what it lacked');

  await machine.must('systemctl restart quiesced');
  const settled = "until journalctl -q -u quiesced -g 'cut off had left programs' | grep -q .; do sleep 2; done";
  await machine.must(settled, { timeoutMs: REPAIR_MS });
  t.not(await machine.must(`sha256sum ${IMAGE}`), before, 'the service has made it');
  t.match((await findings(machine)).get(DRIVERS), /^(pass|info)$/);
}

const PIECE_KIB = 512;

/** Brings the initramfs of the modular kernel out of the machine, in pieces that the agent's line takes. */
async function imageOf(machine: Machine, path: string): Promise<string> {
  const size = Number(await machine.must(`stat -c %s ${IMAGE}`));
  const pieces: Buffer[] = [];
  for (let at = 0; at * PIECE_KIB * 1024 < size; at += 1) {
    const dd = `dd if=${IMAGE} bs=${PIECE_KIB}K skip=${at} count=1 status=none`;
    pieces.push(Buffer.from(await machine.must(`${dd} | base64 -w0`), 'base64'));
  }
  writeFileSync(path, Buffer.concat(pieces));
  return path;
}

/** Neither the address that the network's file was tied to, nor one that it has seen. */
const ELSEWHERE = { controller: 'nvme', without: ['xfs'], mac: '00:0d:3a:aa:bb:cc' } as const;
const LEASE_MS = 300_000;

async function comesUp(t: Test, image: Image, disks: Readonly<Record<Disk, string>>, folder: string): Promise<void> {
  const copy = await boot(image, { disks: await overlaysOf(disks, folder), ...ELSEWHERE });
  try {
    t.match(await copy.must('findmnt -no SOURCE /'), /nvme/, 'it came up, from another controller');
    t.not((await copy.run('mountpoint -q /data/xfs')).code, 0, 'without the data disk');
    t.equal(await copy.must('systemctl is-active quiesced'), 'active\n', 'and would be backed up again');
    const address = 'until ip -4 -o address show scope global | grep e; do sleep 1; done';
    t.match(await copy.must(address, { timeoutMs: LEASE_MS }), / 10\.0\.2\.\d+\//, 'reached on its new adapter');
    await untilSaid(copy, /login: *$/m, LEASE_MS, 'nobody can log in on the serial console');
    t.pass('and on the serial console');
  } finally {
    await copy.end();
  }
}

/** With the image as it was before; what is on the disk has no part in it, since nothing of it is found. */
async function staysDown(t: Test, { disks }: State, image: Image, folder: string): Promise<void> {
  const overlays = await overlaysOf(disks, join(folder, 'before'));
  const copy = await launch(image, { disks: overlays, ...ELSEWHERE });
  try {
    await untilSaid(copy, /ALERT!|initramfs\)|emergency mode/, GIVEN_UP_MS, 'it neither came up nor gave up');
    t.pass('the faulty one does not find its root');
  } finally {
    await copy.end();
  }
}

async function untilSaid({ console }: Pick<Machine, 'console'>, what: RegExp, limitMs: number, fault: string) {
  for (const end = Date.now() + limitMs; !what.test(console()); await sleep(500))
    if (Date.now() > end) throw new Error(`${fault}:\n${console().slice(-2000)}`);
}
