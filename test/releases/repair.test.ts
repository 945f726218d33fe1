/**
 * `quiesced repair` with the tools that make images and boot menus, as Debian has them, in a root folder of its own. A
 * folder has no disk, so GRUB's probe is one that says so; nothing else is put in anybody's place. Of dnf and zypper
 * there are no packages here: what is asked of them is known from fakes only.
 */
import type { Test } from 'tap';
import { CHANGES, KILLER } from '../fixtures/killer.ts';
import { type Machine, packageTest } from '../packages/machine.ts';
import { DRACUT, INITRAMFS_TOOLS } from '../packages/recipes.ts';

const LACKING = /^its initramfs lacks|: its initramfs lacks hv_vmbus/;

/** @param again builds an image without Hyper-V's drivers, as one of another hypervisor is. */
async function mended(t: Test, machine: Machine, again: string, config: string): Promise<void> {
  t.equal(machine.run('dpkg -i /srv/quiesced.deb').code, 0);
  const version = machine.run('ls /lib/modules').stdout.trim();
  const image = `/boot/initrd.img-${version}`;
  const built = machine.run(again.replaceAll('IMAGE', image).replaceAll('VERSION', version));
  t.equal(built.code, 0, built.stderr);
  const before = machine.run(`sha256sum <${image}`).stdout;
  t.match(finding(machine, 'boot.hyperv-initramfs'), { verdict: 'fail', detail: LACKING });

  const { code, stdout, stderr } = machine.run('quiesced repair boot.hyperv-initramfs --json');
  t.equal(code, 0, stderr);
  t.match(JSON.parse(stdout), { applied: true, after: [{ id: 'boot.hyperv-initramfs', verdict: /^(pass|info)$/ }] });
  t.ok(machine.has(config), config);
  t.equal(machine.run(`sha256sum <${image}.quiesced-old`).stdout, before, 'the one before is kept');
  t.notOk(machine.has(`${image}.quiesced-new`));

  t.equal(machine.run('quiesced repair undo').code, 0);
  t.equal(machine.run(`sha256sum <${image}`).stdout, before, 'undone, it is there again');

  // A hook that fails quietly, as those of packages do.
  const cut = `#!/bin/sh\n/usr/bin/real "$@" || exit\nfor made; do [ -f "$made" ] && truncate -s 100000 "$made"; done; true\n`;
  const tool = machine.run('command -v mkinitramfs || command -v dracut').stdout.trim();
  machine.run(`mv ${tool} /usr/bin/real`);
  machine.put(tool, cut, 0o755);
  const refused = machine.run('quiesced repair boot.hyperv-initramfs --json');
  t.match(JSON.parse(refused.stdout), { error: { code: 'repair.restart', message: /it cannot be read/ } });
  t.equal(machine.run(`sha256sum <${image}`).stdout, before, 'one that is cut short never gets there');
  t.notOk(machine.has(`${image}.quiesced-new`), 'and takes no room in /boot');
}

function finding(machine: Machine, id: string): unknown {
  const { stdout } = machine.run(`quiesced check --group restore --only ${id} --json`);
  return JSON.parse(stdout).findings.find((each: { id: string }) => each.id === id);
}

/** As of another hypervisor: the disks of that one, and nothing else. */
const LISTED =
  'printf "MODULES=list\\n" >/etc/initramfs-tools/conf.d/lab; echo virtio_blk >>/etc/initramfs-tools/modules; update-initramfs -u -k VERSION';

packageTest(
  'initramfs-tools and grub-mkconfig',
  async (t, machine) => {
    await mended(t, machine, LISTED, '/etc/initramfs-tools/modules');
    await t.test('the boot menu', async (t) => menuMended(t, machine));
  },
  INITRAMFS_TOOLS,
);

packageTest(
  'dracut',
  (t, machine) =>
    mended(
      t,
      machine,
      'dracut --force --no-hostonly --omit-drivers "hv_vmbus hv_storvsc hv_netvsc" IMAGE VERSION',
      '/etc/dracut.conf.d/50-quiesced-hyperv.conf',
    ),
  DRACUT,
);

const FOLDERS = '/etc /boot /var/lib/quiesced';
const SWEEP_MS = 850_000;

packageTest(
  'killed before each change while an image is made anew',
  async (t, machine) => {
    t.setTimeout(SWEEP_MS);
    t.equal(machine.run('dpkg -i /srv/quiesced.deb').code, 0);
    const version = machine.run('ls /lib/modules').stdout.trim();
    const image = `/boot/initrd.img-${version}`;
    t.equal(machine.run(LISTED.replaceAll('VERSION', version)).code, 0);
    machine.put('/srv/kill-at.mts', KILLER);
    t.equal(machine.run(`mkdir -p /var/lib/quiesced /srv/before && cp -a --parents ${FOLDERS} /srv/before`).code, 0);
    const before = machine.run(`sha256sum <${image}`).stdout;
    // A shell that became the program would make it the first process of its namespace, which no signal of its own ends.
    const repair = (killing: string) =>
      machine.run(
        `QUIESCED_TEST_ROOT= KILL_CALLS=${CHANGES} ${killing} /usr/lib/quiesced/bin/node --import=/srv/kill-at.mts /usr/lib/quiesced/quiesced.mjs repair boot.hyperv-initramfs --json; exit $?`,
      );
    const whole = repair('KILL_COUNT=/srv/count');
    t.equal(whole.code, 0, whole.stderr);
    const changes = Number(machine.read('/srv/count'));
    t.ok(changes > 10, `${changes} changes`);

    for (let at = 1; at <= changes; at += 1) {
      t.equal(machine.run(`rm -rf ${FOLDERS} && cp -a /srv/before/. /`).code, 0);
      t.equal(repair(`KILL_AT=${at}`).code, 128 + 9, `killed before change ${at}`);
      const isOld = machine.run(`sha256sum <${image}`).stdout === before;
      const listed = machine.run(`lsinitramfs ${image}`);
      t.equal(listed.code, 0, 'the image is whole');
      t.equal(listed.stdout.includes('/hv_storvsc.ko'), !isOld, isOld ? 'the old one' : 'the new one');

      const next = machine.run('quiesced repair boot.hyperv-initramfs --json');
      t.equal(next.code, 0, `the next command settles it: ${next.stderr}`);
      t.match(finding(machine, 'boot.hyperv-initramfs'), { verdict: /^(pass|info)$/ });
      t.notOk(machine.has(`${image}.quiesced-new`), 'and leaves nothing half made');
      t.equal(machine.run('quiesced repair undo').code, 0);
      t.equal(machine.run(`sha256sum <${image}`).stdout, before, 'undone, the old one is there again');
    }
  },
  INITRAMFS_TOOLS,
);

const PROBE = `#!/bin/sh
case "$*" in *target=device*) echo /dev/sda1 ;; *target=fs_uuid*) echo 5f1c-77 ;; *target=fs*) echo ext2 ;; *) exit 1 ;; esac
`;

async function menuMended(t: Test, machine: Machine): Promise<void> {
  machine.put('/usr/sbin/grub-probe', PROBE, 0o755);
  machine.put('/etc/default/grub', 'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX=""\n');
  machine.run('mkdir -p /boot/grub && grub-mkconfig -o /boot/grub/grub.cfg');
  const before = machine.read('/boot/grub/grub.cfg');
  t.match(before, /^\s+linux\s+\S*vmlinuz-/m, 'a menu with the kernel in it');
  const repaired = machine.run('quiesced repair boot.serial-console --json');
  t.equal(repaired.code, 0, repaired.stderr);
  const lines = machine
    .read('/boot/grub/grub.cfg')
    .split('\n')
    .filter((line) => /^\s+linux\s/.test(line));
  t.ok(lines.length > 0 && lines.every((line) => line.includes('console=ttyS0,115200n8')), 'every entry', { lines });
  t.equal(machine.run('grub-script-check /boot/grub/grub.cfg').code, 0, 'that GRUB understands');
  t.equal(machine.run('quiesced repair undo').code, 0);
  t.equal(machine.read('/boot/grub/grub.cfg'), before, 'undone, it is what it was');
}
