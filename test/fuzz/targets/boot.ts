/** What decides whether a machine starts: images, and the files of boot loaders, of modules and of networks. */
import { zstdCompressSync } from 'node:zlib';
import { compressionOf } from '../../../agent/boot/compression.ts';
import { isCpio } from '../../../agent/boot/cpio.ts';
import { volumeGroupOf } from '../../../agent/boot/device-names.ts';
import { bootEntries, parseBlsEntry, parseGrubConfig, parseGrubEnvironment } from '../../../agent/boot/entries.ts';
import { isData, parseFstab } from '../../../agent/boot/fstab.ts';
import { imageNames, moduleFile, moduleName, moduleOf } from '../../../agent/boot/initramfs.ts';
import { initramfsPaths } from '../../../agent/boot/kernels.ts';
import {
  blacklisted,
  builtInByConfig,
  parseBlacklist,
  parseBuiltIn,
  parseModulesDep,
} from '../../../agent/boot/modules.ts';
import { netplanUnpinned } from '../../../agent/boot/netplan-pins.ts';
import { pinnedFiles, unpinnedText } from '../../../agent/boot/network-pins.ts';
import { parseAdministrators } from '../../../agent/checks/restore-access.ts';
import { datasourcesOf } from '../../../agent/checks/restore-azure.ts';
import { countOfErrors, mendedFstab } from '../../../agent/repair/fstab.ts';
import { archiveOf, MICROCODE, modulePaths } from '../../fixtures/initramfs.ts';
import { memorySystem } from '../memory-system.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const KERNEL = '6.1.0-18-amd64';
const ARCHIVE = Buffer.from(archiveOf(['init', ...modulePaths(KERNEL, ['hv_vmbus'], '.ko.xz')]));
const BLS =
  'title Red Hat\nversion 5.14.0\nlinux /vmlinuz-5.14.0\ninitrd /initramfs-5.14.0.img $tuned_initrd\noptions root=UUID=ab ro $kernelopts\n';
const GRUB =
  "menuentry 'Debian' --class x {\n\tlinux\t/boot/vmlinuz-6.1 root=UUID=ab ro quiet\n\tinitrd\t(hd0)/boot/initrd.img-6.1\n}\n";
const NETPLAN =
  'network:\n    ethernets:\n        eth0:\n            dhcp4: true\n            match:\n                macaddress: "00:0d:3a:00:11:22"\n            set-name: eth0\n    version: 2\n';
const PINNED = [
  'SUBSYSTEM=="net", ATTR{address}=="00:0d:3a:00:11:22", NAME="eth0"\n',
  'HWADDR=00:0D:3A:00:11:22\nBOOTPROTO=dhcp\n',
  '[connection]\nid=a\n[ethernet]\nmac-address=00:0D:3A:00:11:22\n',
  '[Match]\nMACAddress=00:0d:3a:00:11:22\n[Network]\nDHCP=yes\n',
  'iface eth0 inet dhcp\n  hwaddress ether 00:0d:3a:00:11:22\n',
  NETPLAN,
];
const PINNED_PLACES = [
  '/etc/udev/rules.d/70-persistent-net.rules',
  '/etc/sysconfig/network-scripts/ifcfg-eth0',
  '/etc/NetworkManager/system-connections/a.nmconnection',
  '/etc/systemd/network/10.network',
  '/etc/network/interfaces',
  '/etc/netplan/01.yaml',
];

export const bootTargets: readonly FuzzTarget[] = [
  {
    name: 'initramfs',
    covers: [
      'boot/compression.ts compressionOf',
      'boot/cpio.ts isCpio',
      ...['readInitramfs', 'moduleOf', 'moduleFile', 'moduleName'].map((name) => `boot/initramfs.ts ${name}`),
    ],
    samples: [ARCHIVE, Buffer.concat([Buffer.from(MICROCODE), Buffer.alloc(64), zstdCompressSync(ARCHIVE)])],
    oneIn: 20,
    async read(input) {
      const source = async function* () {
        for (let at = 0; at < input.length; at += 7) yield input.subarray(at, at + 7);
      };
      // Programs of the machine are not started a hundred thousand times.
      const compression = compressionOf(input);
      if (!isCpio(input) && compression !== 'gzip' && compression !== 'zstd') return;
      try {
        for await (const name of imageNames(source(), AbortSignal.timeout(10_000))) moduleOf(name, KERNEL);
      } catch (error) {
        mustHold(error instanceof Error && !/is not a function|undefined/.test(error.message), 'it says what is wrong');
      }
      mustHold(moduleFile(`${moduleName('a-b')}.ko`) === 'a_b', 'names are written in one way');
    },
  },
  {
    ...textTarget(
      'boot-entries',
      ['parseBlsEntry', 'parseGrubConfig', 'parseGrubEnvironment'].map((name) => `boot/entries.ts ${name}`),
      [BLS, GRUB, '# GRUB Environment Block\nsaved_entry=a-5.14.0\nkernelopts=root=/dev/sda1 ro\n####\n'],
      async (text) => {
        parseBlsEntry(text, parseGrubEnvironment(text));
        parseGrubConfig(text);
        const files = [
          ['/boot/loader/entries/a.conf', text],
          ['/boot/grub2/grubenv', text],
        ] as const;
        await bootEntries(memorySystem({ files: new Map(files) }));
        await bootEntries(memorySystem({ files: new Map([['/boot/grub/grub.cfg', text]]) }));
      },
    ),
    oneIn: 5,
  },
  {
    ...textTarget(
      'modules',
      [
        ...['parseBuiltIn', 'builtInByConfig', 'parseModulesDep', 'parseBlacklist'].map(
          (name) => `boot/modules.ts ${name}`,
        ),
      ],
      [
        'kernel/drivers/hv/hv_vmbus.ko\n',
        'kernel/a/hv-x.ko.xz: kernel/b/y.ko.zst kernel/c/z.ko\n',
        'CONFIG_HYPERV=y\n# CONFIG_NVME is not set\n',
        '# x\nblacklist udf\ninstall vfat /bin/true\ninstall x modprobe y\n',
      ],
      async (text) => {
        parseBuiltIn(text);
        builtInByConfig(text);
        parseModulesDep(text);
        const own = parseBlacklist(text);
        const system = memorySystem({ files: new Map([['/etc/modprobe.d/a.conf', text]]) });
        mustHold((await blacklisted(system)).length === own.length, 'what a line says, the file says');
      },
    ),
    oneIn: 5,
  },
  {
    ...textTarget('network-pins', ['boot/network-pins.ts unpinnedText'], PINNED, async (text) => {
      const { unpinned } = unpinnedText(text, netplanUnpinned, 'a.yaml');
      mustHold(unpinnedText(unpinned, netplanUnpinned, 'a.yaml').pins.length === 0, 'netplan: once is enough');
      const files = await pinnedFiles(memorySystem({ files: new Map(PINNED_PLACES.map((path) => [path, text])) }));
      const after = files.map(({ path, unpinned }) => [path, unpinned] as const);
      const left = await pinnedFiles(memorySystem({ files: new Map(after) }));
      mustHold(left.length === 0, 'no pin is left, and none is made');
    }),
    oneIn: 5,
  },
  textTarget(
    'volume-groups',
    ['boot/device-names.ts volumeGroupOf'],
    ['/dev/mapper/my--vg-root', '/dev/vg/lv', '/dev/mapper/x', '/dev/disk/by-uuid/ab'],
    (text) => {
      volumeGroupOf(text);
      const entries = parseFstab(`${text} /data ext4 defaults 0 0\n/dev/vg/root / ext4 defaults 0 1\n`);
      for (const entry of entries) isData(entry, entries);
      mustHold(
        initramfsPaths(text).every((path) => path.startsWith('/boot/')),
        'images are looked for in /boot',
      );
    },
  ),
  textTarget(
    'fstab-mended',
    ['mendedFstab', 'countOfErrors'].map((name) => `repair/fstab.ts ${name}`),
    [
      '/dev/sdc1\t/data   xfs\tdefaults 0  2 # x\r\n/dev/sda1 / ext4\n',
      '/dev/vg/a /a ext4 rw\nUUID=x /b xfs rw,nofail 0 2\n',
      '1 parse error, 2 errors, 3 warnings\n',
    ],
    (text) => {
      countOfErrors(text);
      const uuids = new Map([['/dev/sdc1', '5f1c']]);
      const { mended } = mendedFstab(text, uuids);
      mustHold(mendedFstab(mended, uuids).mended === mended, 'once is enough');
      mustHold(mended.split('\n').length === text.split('\n').length, 'no line comes or goes');
    },
  ),
  textTarget(
    'access',
    ['checks/restore-access.ts parseAdministrators', 'checks/restore-azure.ts datasourcesOf'],
    [
      'root:x:0:0:root:/root:/bin/bash\nann:$y$j9T$x:1000:27::/home/ann:/bin/bash\nsudo:x:27:ann\n',
      'datasource_list: [ Azure, None ]\n',
      'datasource_list:\n  - Azure\n  - None\n',
    ],
    (text) => {
      parseAdministrators(text, text, text);
      datasourcesOf(text);
    },
  ),
];
