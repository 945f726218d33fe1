import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { repairs } from '../../../agent/repair/all.ts';
import { carryOutRepair, planRepair, settleRepairs } from '../../../agent/repair/change.ts';
import { countOfErrors, mendedFstab } from '../../../agent/repair/fstab.ts';
import type { FakeSystem } from '../../fakes/system.ts';
import { foreignImageOf } from './kernels.ts';
import { machineNamed, partsOf, planted, textsOf, troubles } from './rig.ts';

const doing = (...ids: readonly string[]) =>
  ({ do: 'repair', repairs: repairs.filter(({ id }) => ids.includes(id)) }) as const;
const UNDO = { do: 'undo', force: false } as const;
const RECORD = '/var/lib/quiesced/repair/record.json';
const DEBIAN = machineNamed('debian-12');
const RHEL = machineNamed('rhel-9');

/** Services wait for the disk as they did before, but not for ever. */
const MISSABLE = 'nofail,x-systemd.before=local-fs.target,x-systemd.device-timeout=30s';

const recorded = ({ root }: FakeSystem) => JSON.parse(readFileSync(join(root, RECORD), 'utf8'));
const effects = ({ ran }: FakeSystem) =>
  ran.map((argv) => argv.join(' ')).filter((line) => !/^(findmnt|\S*stat) /.test(line));

t.test('fstab: names and options change, and nothing else of a line', async (t) => {
  const uuids = new Map([
    ['/dev/sdc1', 'u-1'],
    ['/dev/sda2', 'u-2'],
    ['/dev/disk/by-id/scsi-36002248', 'u-3'],
  ]);
  const mended = (text: string) => mendedFstab(text, uuids).mended;
  for (const [before, after] of [
    ['/dev/sdc1 /data xfs defaults 0 2', `UUID=u-1 /data xfs defaults,${MISSABLE} 0 2`],
    ['/dev/sdc1 /data xfs', `UUID=u-1 /data xfs ${MISSABLE}`],
    ['\t/dev/sdc1\t/data xfs  \t', `\tUUID=u-1\t/data xfs ${MISSABLE}  \t`],
    ['/dev/sdc1  /my\\040data\txfs noatime,nofail 0 2 # x', 'UUID=u-1  /my\\040data\txfs noatime,nofail 0 2 # x'],
    ['/dev/sda2 none swap sw 0 0\r', 'UUID=u-2 none swap sw 0 0\r'],
    ['/dev/sdc1 /data xfs defaults\r', `UUID=u-1 /data xfs defaults,${MISSABLE}\r`],
    ['/dev/sdc1 /data xfs\r', `UUID=u-1 /data xfs ${MISSABLE}\r`],
    ['/dev/disk/by-id/scsi-36002248 /srv ext4 noauto', 'UUID=u-3 /srv ext4 noauto'],
    ['UUID=x /data ext4 rw 0 2', `UUID=x /data ext4 rw,${MISSABLE} 0 2`],
    ['/dev/vg/data /data ext4 rw', `/dev/vg/data /data ext4 rw,${MISSABLE}`],
    ['UUID=x /var/lib/postgresql ext4 rw', `UUID=x /var/lib/postgresql ext4 rw,${MISSABLE}`],
    [
      'UUID=x /data ext4 _netdev,x-systemd.device-timeout=9s',
      'UUID=x /data ext4 _netdev,x-systemd.device-timeout=9s,nofail,x-systemd.before=remote-fs.target',
    ],
    ['# /dev/sdc1 /data xfs defaults', '# /dev/sdc1 /data xfs defaults'],
    ['UUID=x / ext4 rw 0 1', 'UUID=x / ext4 rw 0 1'],
    ['nas:/x /net nfs rw', 'nas:/x /net nfs rw'],
    ['/srv/x /y none bind', '/srv/x /y none bind'],
    ['tmpfs /tmp tmpfs size=1g', 'tmpfs /tmp tmpfs size=1g'],
    ['', ''],
  ] as const) {
    t.equal(mended(before), after);
    t.equal(mended(after), after, 'a second time changes nothing');
  }
  const { mended: text, unknown } = mendedFstab('/dev/sdx1 /data xfs defaults 0 2\n', uuids);
  t.strictSame(
    [text, unknown.map(({ device }) => device)],
    [`/dev/sdx1 /data xfs defaults,${MISSABLE} 0 2\n`, ['/dev/sdx1']],
  );
  const lvm =
    '/dev/mapper/vg-root / xfs defaults\n/dev/mapper/vg-srv /srv xfs defaults\n/dev/mapper/vg--2-x /x xfs rw\n';
  t.equal(
    mended(lvm),
    lvm.replace('xfs rw', `xfs rw,${MISSABLE}`),
    'the volume group of the system is there when the system is',
  );
  for (const path of ['/var', '/var/lib', '/var/cache', '/root', '/usr/local', '/boot/efi', '/home']) {
    const line = `UUID=x ${path} ext4 rw 0 2`;
    t.equal(mended(line), line, `${path} is of the system`);
  }
});

t.test('fstab that findmnt finds worse than before is not written', async (t) => {
  for (const [output, count] of [
    ['Success, no errors or warnings detected\n', 0],
    ['/x\n   [E] unreachable\n\n0 parse errors, 2 errors, 1 warning\n', 2],
    ['1 parse error, 1 error, 0 warnings\n', 2],
  ] as const) {
    t.equal(countOfErrors(output), count);
  }
  const system = planted(t, DEBIAN, { '/etc/fstab': 'UUID=x /data ext4 rw 0 2\n' });
  const before = textsOf(system);
  let asked = 0;
  const found = ['0 parse errors, 1 error, 0 warnings', '0 parse errors, 2 errors, 0 warnings'];
  const failing: FakeSystem = {
    ...system,
    run: async () => ({ ended: 'exited', exitCode: 1, stdout: found[asked++] ?? '', stderr: '' }),
  };
  const refused = { code: 'repair.invalid', message: /1 more errors/ };
  await t.rejects(carryOutRepair(partsOf(failing), doing('boot.fstab')), refused);
  t.strictSame(textsOf(system), before);
  t.notOk(existsSync(join(system.root, 'run/quiesced/repair')), 'and what it was tried on is gone');
});

t.test('the image before is kept, and a new one takes its place when it is whole', async (t) => {
  const { initramfs, version } = RHEL.kernel;
  const system = planted(t, RHEL, { [initramfs]: foreignImageOf(RHEL.kernel), '/etc/dracut.conf.d/own.conf': '' });
  await carryOutRepair(partsOf(system), doing('boot.hyperv-initramfs'));
  t.strictSame(effects(system), [
    `cp --link --force ${initramfs} ${initramfs}.quiesced-old`,
    `dracut --force ${initramfs}.quiesced-new ${version}`,
    `sync ${initramfs}.quiesced-new`,
    `/usr/lib/quiesced/bin/node /usr/lib/quiesced/main.js compare-image ${initramfs}.quiesced-new ${initramfs} ${version} azure`,
    `mv --force ${initramfs}.quiesced-new ${initramfs}`,
  ]);
  t.equal(readFileSync(join(system.root, `${initramfs}.quiesced-old`), 'utf8'), foreignImageOf(RHEL.kernel));
  t.strictSame(await troubles(system), []);

  writeFileSync(join(system.root, initramfs), 'a bad one');
  const again = await carryOutRepair(partsOf(system), doing('boot.hyperv-initramfs'));
  t.equal(again.steps.length, 0, 'configured already');
  t.strictSame(
    again.runs.map(({ argv }) => argv[0]),
    ['dracut', 'sync', '/usr/lib/quiesced/bin/node', 'mv'],
    'but the image is older; that of before is not lost for it',
  );
  t.strictSame(await troubles(system), []);

  const undone = await carryOutRepair(partsOf(system), UNDO);
  t.strictSame(
    undone.runs.map(({ argv }) => argv.join(' ')),
    [`mv --force ${initramfs}.quiesced-old ${initramfs}`],
  );
  t.equal(readFileSync(join(system.root, initramfs), 'utf8'), foreignImageOf(RHEL.kernel));
});

t.test('a new image that is bad never takes the place of the one that has started the machine', async (t) => {
  const { initramfs, version } = DEBIAN.kernel;
  const old = foreignImageOf(DEBIAN.kernel);
  const system = planted(t, DEBIAN, { [initramfs]: old, '/etc/initramfs/post-update.d/zz-loader': '' });
  const image = (end = '') => readFileSync(join(system.root, `${initramfs}${end}`), 'utf8');
  const half: FakeSystem = {
    ...system,
    run: async (argv, options) => {
      const result = await system.run(argv, options);
      if (argv[0] === 'mkinitramfs') truncateSync(join(system.root, argv[2] ?? ''), 700);
      return result;
    },
  };
  const request = doing('boot.hyperv-initramfs');
  const refused = { code: 'repair.restart', message: /compare-image .* failed: it ended with 1: it cannot be read/ };
  await t.rejects(carryOutRepair(partsOf(half), request), refused);
  t.equal(image(), old, 'the old one is where it was');
  await t.rejects(carryOutRepair(partsOf(half), request), refused, 'nor is it put there by the next command');
  t.equal(image(), old);

  await carryOutRepair(partsOf(system), request);
  t.strictSame(effects(system).slice(-2), [
    `mv --force ${initramfs}.quiesced-new ${initramfs}`,
    `run-parts --arg=${version} --arg=${initramfs} /etc/initramfs/post-update.d`,
  ]);
  t.strictSame(await troubles(system), []);
  t.equal(image('.quiesced-old'), old);
});

t.test('killed while the programs run: those that may not have ended are made up, no other', async (t) => {
  const { initramfs } = RHEL.kernel;
  for (const at of ['cp', 'dracut', 'sync', '/usr/lib/quiesced/bin/node', 'mv']) {
    const system = planted(t, RHEL, { [initramfs]: foreignImageOf(RHEL.kernel), '/etc/dracut.conf.d/own.conf': '' });
    const begun = Promise.withResolvers<void>();
    const dying: FakeSystem = {
      ...system,
      // Never comes back, as for who is killed meanwhile.
      run: (argv, options) => {
        if (argv[0] !== at) return system.run(argv, options);
        begun.resolve();
        return new Promise(() => undefined);
      },
    };
    void carryOutRepair(partsOf(dying), doing('boot.hyperv-initramfs'));
    await begun.promise;
    const { underWay, owed, done } = recorded(system);
    t.strictSame([underWay, done.length, owed[0][0]], [undefined, 1, at], `${at}: the files stay, and it is owed`);
    const image = readFileSync(join(system.root, initramfs), 'utf8');
    t.equal(image, foreignImageOf(RHEL.kernel), `${at}: the image is the old one, whole`);
    // The lock is still held by the one that hangs: it is of this process.
    await system.remove('/run/quiesced/lock');
    t.match(await settleRepairs(partsOf(system), 'test'), [{ message: /had left programs to be run/ }], at);
    t.strictSame(await troubles(system), [], `${at}: and then it is whole`);
    t.strictSame(recorded(system).owed, []);
  }
});

t.test('made up: not what was moved already, and all but what a failure concerns', async (t) => {
  const { initramfs, version } = RHEL.kernel;
  const made = `${initramfs}.quiesced-new`;
  const settled = async (...owed: readonly (readonly string[])[]) => {
    const system = planted(t, RHEL, { [RECORD]: JSON.stringify({ schema: 1, done: [], owed }) });
    const ended = await settleRepairs(partsOf(system), 'test').catch((error: Error) => error);
    t.notOk(existsSync(join(system.root, RECORD)), 'nothing is owed any more');
    return { ended, ran: effects(system) };
  };
  const moved = await settled(['mv', '--force', made, initramfs], ['sync', '/boot']);
  t.match(moved, { ended: [{ message: /has been done/ }], ran: ['sync /boot'] });

  const failing = [
    ['nothing', '--force', made, version],
    ['sync', made],
    ['mv', '--force', made, initramfs],
  ];
  const { ended, ran } = await settled(...failing, ['sync', '/boot']);
  const remedy = new RegExp(failing.map((argv) => argv.join(' ')).join('; '));
  t.match(ended, { code: 'repair.restart', message: /nothing --force/, remedy });
  t.strictSame(ran.slice(-1), ['sync /boot'], 'another goes on');
  t.notOk(
    ran.some((line) => line.startsWith('mv')),
    'what may be half is not put into its place',
  );
});

t.test('netplan: an only adapter is found under any name, of several each by its own', async (t) => {
  const block = (id: string, more: string) =>
    `    ${id}:\n      match:\n        macaddress: 00:0d:3a:11:22:33\n${more}`;
  const network = (...blocks: readonly string[]) => `network:\n  ethernets:\n${blocks.join('')}`;
  const first = network(block('lan', '      set-name: ens3\n      dhcp4: true\n'));
  const mended = async (files: Readonly<Record<string, string>>) => {
    const system = planted(t, DEBIAN, files);
    await carryOutRepair(partsOf(system), doing('net.dhcp-restored'));
    return Promise.all(Object.keys(files).map((path) => system.readText(path)));
  };
  const pin = 'macaddress: 00:0d:3a:11:22:33';
  const netplan = { '/etc/netplan/50-cloud-init.yaml': '' };
  t.strictSame(await mended({ ...netplan, '/etc/netplan/1.yaml': first }), ['', first.replace(pin, 'name: "e*"')]);
  const second = network(block('storage', '      addresses: [10.1.0.4/24]\n'));
  t.strictSame(
    await mended({ ...netplan, '/etc/netplan/1.yaml': first, '/etc/netplan/2.yaml': second }),
    ['', first.replace(pin, 'name: ens3'), second.replace(pin, 'name: storage')],
    'in two files',
  );
  const both = network(block('lan', ''), block('storage', ''));
  t.strictSame(
    await mended({ ...netplan, '/etc/netplan/1.yaml': both }),
    ['', both.replace(pin, 'name: lan').replace(pin, 'name: storage')],
    'in one',
  );
});

t.test('lines of two repairs in one file', async (t) => {
  const conf = '/etc/modprobe.d/a.conf';
  const system = planted(t, DEBIAN, { [conf]: 'blacklist udf\nblacklist hv_netvsc\n' });
  const before = textsOf(system);
  await carryOutRepair(partsOf(system), doing('boot.udf-vfat', 'boot.hyperv-initramfs'));
  t.equal(
    await system.readText(conf),
    '# quiesced repair: blacklist udf\n# quiesced repair: blacklist hv_netvsc\n',
    'each goes on from the other',
  );
  await carryOutRepair(partsOf(system), UNDO);
  t.strictSame(textsOf(system), before);
});

t.test('refused: a backup under way, and files that were edited since', async (t) => {
  const system = planted(t, DEBIAN, { '/etc/modprobe.d/a.conf': 'blacklist udf\n' });
  const request = doing('boot.udf-vfat');
  await t.rejects(carryOutRepair(partsOf(system, 'at work'), request), { code: 'repair.backup', message: /at work/ });
  t.equal((await planRepair(partsOf(system, 'at work'), request)).steps.length, 1, 'to look is allowed');
  await carryOutRepair(partsOf(system), request);
  writeFileSync(join(system.root, 'etc/modprobe.d/a.conf'), 'mine\n');
  await t.rejects(carryOutRepair(partsOf(system), UNDO), { code: 'repair.edited', message: /a\.conf$/ });
  await carryOutRepair(partsOf(system), { ...UNDO, force: true });
  t.equal(await system.readText('/etc/modprobe.d/a.conf'), 'blacklist udf\n');
});

t.test('the VM agent, from the repository of the distribution alone', async (t) => {
  const install = async (files: Record<string, string>) => {
    const system = planted(t, DEBIAN, files);
    const repair = repairs.find(({ id }) => id === 'agent.install');
    return (await repair?.plan(system, partsOf(system)))?.runs.map(({ argv }) => argv.join(' '));
  };
  t.strictSame(await install({ '/usr/sbin/waagent': '' }), []);
  t.strictSame(await install({ '/usr/bin/dnf': '' }), ['dnf install --assumeyes WALinuxAgent']);
  t.strictSame(await install({ '/usr/bin/zypper': '' }), ['zypper --non-interactive install python-azure-agent']);
  await t.rejects(install({}), { code: 'repair.no-package' });
  await t.rejects(install({ '/usr/bin/apt-get': '' }), { code: 'repair.no-package' }, 'apt knows of none');
});
