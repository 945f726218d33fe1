/**
 * A machine with faults is checked, repaired, and started as a copy on another controller, with another network adapter and
 * without a data disk: it does not come up before, and does after, with an address and a login on the serial console. Its
 * kernel and initramfs are given to QEMU from outside, so that boot menus are judged, not used. On the way a repair is
 * killed while the image is made; the old one stays, and the service makes up what was left.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { DRIVERS, ENTRY, FOUND, findings, INITRAMFS, initramfsOf, plantFaults, REPAIR_MS } from './lab/faulty.ts';
import type { Image } from './lab/image.ts';
import { boot, launch, type Machine } from './lab/machine.ts';
import type { Disk } from './lab/recipe.ts';
import { vmTest } from './lab/scenario.ts';
import { overlaysOf, type State } from './lab/states.ts';

/** A root that is not found is waited for by the initramfs for half a minute, and that is emulated. */
const GIVEN_UP_MS = 600_000;

vmTest('a restored copy: other controller, no data disk', 'ready', async (t, machine, state) => {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-restore-'));
  try {
    await plantFaults(machine);
    const before = await findings(machine);
    for (const id of FOUND) t.match(before.get(id), /^(fail|warn)$/, `${id} is found`);
    const modular = { ...state.image, kernel: state.image.modularKernel };
    const faulty = { ...modular, initrd: await initramfsOf(machine, join(folder, 'faulty.img')) };
    await cutOff(t, machine);

    const repaired = await machine.run(`quiesced repair --json ${FOUND.join(' ')}`, { timeoutMs: REPAIR_MS });
    t.equal(repaired.code, 0, repaired.output);
    const after = await findings(machine);
    for (const id of FOUND) t.match(after.get(id), /^(pass|info)$/, `${id} is in order`);
    t.match(await machine.must(`cat ${ENTRY}`), /^options .*console=ttyS0/m);
    const mended = { ...modular, initrd: await initramfsOf(machine, join(folder, 'mended.img')) };
    await machine.powerOff();

    await comesUp(t, mended, machine.hardware.disks, folder);
    await staysDown(t, state, faulty, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** All of it is killed, as with the machine: also what makes the image. */
async function cutOff(t: Test, machine: Machine): Promise<void> {
  const before = await machine.must(`sha256sum ${INITRAMFS}`);
  await machine.must(`systemd-run -q --unit=cut-off quiesced repair ${DRIVERS}`);
  const making = 'until pgrep --full "[m]kinitramfs -o"; do systemctl -q is-active cut-off || exit 1; sleep 0.2; done';
  await machine.must(making, { timeoutMs: REPAIR_MS });
  await machine.must('systemctl kill --signal=KILL cut-off');
  t.equal(await machine.must(`sha256sum ${INITRAMFS}`), before, 'killed meanwhile: the image is the old one');
  t.match((await findings(machine)).get(DRIVERS), /^(fail|warn)$/, 'and lacks what it lacked');

  await machine.must('systemctl restart quiesced');
  const settled = "until journalctl -q -u quiesced -g 'cut off had left programs' | grep -q .; do sleep 2; done";
  await machine.must(settled, { timeoutMs: REPAIR_MS });
  t.not(await machine.must(`sha256sum ${INITRAMFS}`), before, 'the service has made it');
  t.match((await findings(machine)).get(DRIVERS), /^(pass|info)$/);
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
