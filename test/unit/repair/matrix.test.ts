/** Every machine with every fault, one by one: found by its check alone, mended by its repair alone, and put back. */
import t, { type Test } from 'tap';
import { repairsOf } from '../../../agent/repair/all.ts';
import { carryOutRepair, planRepair } from '../../../agent/repair/change.ts';
import type { FakeSystem } from '../../fakes/system.ts';
import { type Files, foreignImageOf } from './kernels.ts';
import { partsOf, planted, textsOf, troubles } from './rig.ts';
import { MACHINES, type Machine } from './systems.ts';

const repairs = repairsOf('linux');
const UNDO = { do: 'undo', force: false } as const;

interface Fault {
  readonly id: string;
  readonly verdict: 'fail' | 'warn';
  readonly plant: (machine: Machine) => Files;
  /** The files that must differ afterwards, with what they must hold. */
  readonly mended: (machine: Machine) => Readonly<Record<string, RegExp | string>>;
}

const DATA = '/dev/sdc1\t/data   xfs\tdefaults 0  2   # the database';
/** What udev has made: the data disk's name, and those of all that the machine names already. */
const links = ({ files }: Machine): Files => ({
  '/dev/disk/by-uuid/5f1c-77': '-> ../../sdc1',
  '/dev/disk/by-uuid/aaaa-aa': '-> ../../sda1',
  ...Object.fromEntries(
    [...(files['/etc/fstab'] ?? '').matchAll(/^(UUID|PARTUUID|LABEL)=(\S+)|^(\/dev\/mapper\/\S+)/gm)].map(
      ([, key = '', value, mapped]) => [mapped ?? `/dev/disk/by-${key.toLowerCase()}/${value}`, ''],
    ),
  ),
});
const withData = ({ files }: Machine): string => `# by hand\n${DATA}\n${files['/etc/fstab']}`;
const silent = (text: string): string => text.replaceAll(/ ?console=[^\s"]+/g, '');
const consoleFiles = ({ files }: Machine): Files =>
  Object.fromEntries(
    Object.entries(files).flatMap(([path, text]) =>
      /^\/(boot\/(grub|loader)|etc\/(default\/grub|kernel))/.test(path) && text.includes('console=')
        ? [[path, silent(text)]]
        : [],
    ),
  );
const GUIDE = '# CIS 1.1.1\ninstall cramfs /bin/true\n  install  udf /bin/true\nblacklist vfat\n';

const FAULTS: readonly Fault[] = [
  {
    id: 'boot.fstab',
    verdict: 'fail',
    plant: (machine) => ({ ...links(machine), '/etc/fstab': withData(machine) }),
    mended: (machine) => ({
      'etc/fstab': withData(machine)
        .replace('/dev/sdc1', 'UUID=5f1c-77')
        .replace('defaults 0  2', 'defaults,nofail,x-systemd.before=local-fs.target,x-systemd.device-timeout=30s 0  2'),
    }),
  },
  {
    id: 'boot.hyperv-initramfs',
    verdict: 'fail',
    plant: ({ kernel }) => ({ [kernel.initramfs]: foreignImageOf(kernel) }),
    mended: ({ files }) =>
      '/usr/bin/dracut' in files
        ? {
            'etc/dracut.conf.d': 'folder',
            'etc/dracut.conf.d/50-quiesced-hyperv.conf':
              /^add_drivers\+=" hv_vmbus hv_storvsc hv_netvsc nvme pci_hyperv "\n# Written by quiesced/,
          }
        : {
            'etc/initramfs-tools/modules': `${files['/etc/initramfs-tools/modules']}# quiesced repair: drivers of Azure's hosts\nhv_vmbus\nhv_storvsc\nhv_netvsc\nnvme\npci_hyperv\n`,
          },
  },
  {
    id: 'boot.serial-console',
    verdict: 'warn',
    plant: consoleFiles,
    mended: ({ files }) => consoleMended(files),
  },
  {
    id: 'net.dhcp-restored',
    verdict: 'fail',
    plant: ({ pin }) => ({ [pin.path]: pin.pinned }),
    mended: ({ pin }) => ({ [pin.path.slice(1)]: pin.mended }),
  },
  {
    id: 'boot.udf-vfat',
    verdict: 'fail',
    plant: () => ({ '/etc/modprobe.d/cis.conf': GUIDE }),
    mended: () => ({
      'etc/modprobe.d/cis.conf':
        '# CIS 1.1.1\ninstall cramfs /bin/true\n# quiesced repair:   install  udf /bin/true\n# quiesced repair: blacklist vfat\n',
    }),
  },
];

/** By where each distribution has its kernel lines. */
function consoleMended(files: Files): Readonly<Record<string, RegExp | string>> {
  const line = 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX console=tty0 console=ttyS0,115200n8"\n';
  if ('/etc/default/grub.d/init-select.cfg' in files) {
    const ours = new RegExp(`^${line.replaceAll(/[$"]/g, '\\$&')}# Written by quiesced`);
    return { 'etc/default/grub.d/50-quiesced-serial.cfg': ours };
  }
  const own = Object.entries(files).flatMap(([path, text]): [string, string][] => {
    if (path.startsWith('/boot/loader/')) {
      const mended = silent(text).replace(/^options .*$/m, '$& console=tty0 console=ttyS0,115200n8');
      return [[path.slice(1), mended]];
    }
    if (path !== '/etc/kernel/cmdline') return [];
    return [
      [
        path.slice(1),
        `${silent(text).trimEnd()} console=tty0 console=ttyS0,115200n8${text.endsWith('\n') ? '\n' : ''}`,
      ],
    ];
  });
  const defaults = silent(files['/etc/default/grub'] ?? '');
  const start = defaults.endsWith('\n') ? defaults : `${defaults}\n`;
  return { ...Object.fromEntries(own), 'etc/default/grub': `${start}# quiesced repair: the serial console\n${line}` };
}

for (const machine of MACHINES) {
  t.test(machine.name, async (t) => {
    const healthy = planted(t, machine);
    t.strictSame(await troubles(healthy), [], 'in order: nothing but pass, info and skip');
    for (const repair of repairs.filter(({ id }) => !id.startsWith('agent.'))) {
      const plan = await repair.plan(healthy, partsOf(healthy));
      t.strictSame(plan, { changes: [], runs: [], notes: [] }, `${repair.id} has nothing to do`);
    }
    for (const fault of FAULTS) {
      await t.test(fault.id, async (t) => mendedAndBack(t, machine, fault, planted(t, machine, fault.plant(machine))));
    }
  });
}

async function mendedAndBack(
  t: Test,
  machine: Machine,
  { id, verdict, mended }: Fault,
  system: FakeSystem,
): Promise<void> {
  const parts = partsOf(system);
  const found = (await troubles(system)).map((each) => each.split(':')[0]);
  t.strictSame(found, [`${id} ${verdict}`], 'found by exactly its check');
  for (const other of repairs.filter((each) => each.id !== id && !each.id.startsWith('agent.'))) {
    t.strictSame((await other.plan(system, parts)).changes, [], `${other.id} leaves it alone`);
  }
  const request = { do: 'repair', repairs: repairs.filter((each) => each.id === id) } as const;
  const before = textsOf(system);
  const plan = await planRepair(parts, request);
  t.strictSame(textsOf(system), before, 'a plan touches nothing');

  const done = await carryOutRepair(parts, request);
  t.strictSame({ steps: done.steps, runs: done.runs }, { steps: plan.steps, runs: plan.runs }, 'as planned');
  t.strictSame(await troubles(system), [], 'and the check finds nothing any more');
  const after = textsOf(system);
  const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
  const wanted = mended(machine);
  t.strictSame(changed.sort(), Object.keys(wanted).sort(), 'these files, and no other');
  for (const [path, text] of Object.entries(wanted)) t.match(after[path]?.replace(/^\d+ /, ''), text, path);
  t.strictSame((await carryOutRepair(parts, request)).steps, [], 'a second time there is nothing to do');

  await carryOutRepair(parts, UNDO);
  t.strictSame(textsOf(system), before, 'undone: every byte is back');
  t.strictSame(
    (await troubles(system)).map((each) => each.split(':')[0]),
    [`${id} ${verdict}`],
    'and so is the fault',
  );
  t.match(await carryOutRepair(parts, UNDO), { steps: [], notes: [{ message: 'There is nothing to undo.' }] });
  t.equal(await system.list('/var/lib/quiesced/repair'), undefined, 'nothing of ours stays');
}
