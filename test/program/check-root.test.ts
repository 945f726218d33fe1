/** `check --root` with the real program: a disk that does not run is judged by its files, and nothing of it is run. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BOOT, KERNEL } from '../unit/checks/boot-files.ts';
import { checkTest, conforms, type Rig } from './check-rig.ts';

const FILES: Readonly<Record<string, string>> = {
  ...BOOT,
  '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
  '/etc/fstab': 'PARTUUID=1d-01 / ext4 rw,discard,errors=remount-ro 0 1\n',
  '/etc/netplan/50-cloud-init.yaml': 'network:\n  ethernets:\n    eth0:\n      dhcp4: true\n',
};

/** A disk below the test's own root. */
function diskOf(rig: Rig, changes: Readonly<Record<string, string>> = {}): string {
  const disk = join(rig.root, 'mnt/disk');
  for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
    const file = join(disk, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), file);
    else writeFileSync(file, text);
  }
  return disk;
}

checkTest('a disk that would start, judged by files alone', async (t, rig) => {
  const { code, json, stderr } = await rig.run('check', '--root', diskOf(rig), '--json');
  conforms(t, 'report', json);
  t.strictSame([code, stderr], [0, '']);
  t.strictSame(
    json.findings.filter(({ verdict }: { verdict: string }) => !['pass', 'skip'].includes(verdict)),
    [],
  );
  const skipped = json.findings.filter(({ verdict }: { verdict: string }) => verdict === 'skip');
  t.strictSame(skipped.map(({ id }: { id: string }) => id).sort(), [
    'disk.temp',
    'enc.crypttab',
    'restore.domain-controller',
    'restore.marketplace-plan',
    'restore.nic-count',
  ]);
  t.equal(rig.read('/run/quiesced/status.json'), '', 'nothing is left behind');
});

checkTest('one that would not, as a person reads it', async (t, rig) => {
  const disk = diskOf(rig, { '/etc/fstab': '/dev/sdc1 /data xfs defaults 0 0\n' });
  const { code, stdout } = await rig.run('check', '--root', disk);
  t.equal(code, 2);
  t.match(stdout, /^The system on \S+/);
  t.match(stdout, /FAIL {4}named by the order of disks, or by the disk itself: \/data on\s+\/dev\/sdc1\n/);
  t.match(stdout, /\nIt would NOT come up on Azure/);
  t.ok(
    stdout.split('\n').every((line) => line.length <= 80),
    '80 columns',
  );
  const only = await rig.run('check', '--root', disk, '--only', 'boot.*', '--skip', 'boot.fstab', '--json');
  t.match(only, { code: 0, json: { verdict: 'pass' } });
});

checkTest('links stay on the disk, and its programs are not run', async (t, rig) => {
  const ran = join(rig.root, 'ran');
  const program = `#!/bin/sh\ntouch ${ran}\n`;
  const disk = diskOf(rig, {
    // Absolute, as systems have them: beside the disk they would lead to this machine's own.
    '/etc/fstab': '-> /etc/real-fstab',
    '/etc/real-fstab': '/dev/vdb1 /data xfs defaults 0 0\n',
    '/etc/shadow': '-> ../../../../../../etc/disk-shadow',
    '/etc/disk-shadow': 'root:!:1::::::\n',
    '/etc/ssh/ssh_host_rsa_key': '-> /proc/self/environ',
    '/usr/sbin/sshd': program,
    '/usr/bin/xz': program,
  });
  for (const path of ['usr/sbin/sshd', 'usr/bin/xz']) chmodSync(join(disk, path), 0o755);
  const { json } = await rig.run('check', '--root', disk, '--json');
  const found = Object.fromEntries(
    json.findings.map(({ id, verdict }: { id: string; verdict: string }) => [id, verdict]),
  );
  t.match(found, { 'boot.fstab': 'fail', 'access.serial-login': 'warn', 'access.ssh': 'pass' });
  t.notOk(existsSync(ran), 'nothing of the disk was run');
});

checkTest('pipes and devices in the place of files keep nobody waiting', async (t, rig) => {
  const disk = diskOf(rig);
  for (const path of ['etc/fstab', 'etc/shadow', 'boot/grub/grubenv', `boot/initrd.img-${KERNEL}`]) {
    rmSync(join(disk, path));
    execFileSync('mkfifo', [join(disk, path)]);
  }
  const { code, json } = await rig.run('check', '--root', disk, '--json');
  t.equal(code, 2);
  const found = json.findings.filter(({ verdict }: { verdict: string }) => ['fail', 'error'].includes(verdict));
  t.match(found, [{ id: 'boot.hyperv-initramfs', verdict: 'fail', detail: /no regular file/ }]);
});

checkTest('what is no disk is refused', async (t, rig) => {
  for (const root of ['/', '/nowhere', 'relative', rig.put('/file', 'x')]) {
    const { code, json } = await rig.run('check', '--root', root, '--json');
    conforms(t, 'error', json);
    t.match({ code, error: json.error.code }, { code: 1, error: 'disk.root' }, root);
  }
  t.match(await rig.run('check', '--root', '/mnt', '--format', 'nagios'), { code: 2, stderr: /exclude each other/ });
});
