import t from 'tap';
import { isByDisk, isByOrder } from '../../../agent/boot/device-names.ts';
import type { Verdict } from '../../../agent/checks/check.ts';
import {
  isMadeAnew,
  isOfAzure,
  keyFileOf,
  openedBy,
  parseCrypttab,
} from '../../../agent/checks/encryption-crypttab.ts';
import { crypttabLasts, homeOf, judgeCrypttab } from '../../../agent/checks/encryption-keys.ts';
import { type FileSystem, fileSystemsOf, parseMountinfo } from '../../../agent/freezer/mounts.ts';
import { array, assert, constantFrom, property, string } from '../../fast-check.ts';
import { BEK, DISK, KEYED, mapping, mounts, ROOT, TEMPORARY } from './encrypted-machine.ts';
import { find, type Scene } from './machine.ts';

t.test('lines of crypttab', async (t) => {
  t.strictSame(
    parseCrypttab(
      '# name device key options\n\ndata  UUID=ab-cd\t/root/key luks,discard\nswap /dev/sdb1 /dev/urandom swap\nhome UUID=1 none\nlonely\nroot UUID=2 - tpm2-device=auto\n',
    ),
    [
      { name: 'data', device: 'UUID=ab-cd', key: '/root/key', options: ['luks', 'discard'] },
      { name: 'swap', device: '/dev/sdb1', key: '/dev/urandom', options: ['swap'] },
      { name: 'home', device: 'UUID=1', key: undefined, options: [] },
      { name: 'root', device: 'UUID=2', key: undefined, options: ['tpm2-device=auto'] },
    ],
  );
});

const entry = (line: string) => parseCrypttab(line)[0] ?? { name: '', device: '', key: undefined, options: [] };

t.test('what a line means', async (t) => {
  for (const device of ['/dev/sda', '/dev/sdc1', '/dev/vdb', '/dev/xvda3', '/dev/nvme0n1', '/dev/nvme0n2p1']) {
    t.ok(isByOrder(entry(`a ${device}`)), device);
  }
  for (const device of [
    'UUID=1',
    'PARTUUID=1',
    '/dev/disk/by-uuid/1',
    '/dev/disk/azure/scsi1/lun0',
    '/dev/vg/lv',
    '/dev/mapper/x',
  ]) {
    t.notOk(isByOrder(entry(`a ${device}`)) || isByDisk(entry(`a ${device}`)), device);
  }
  for (const device of ['/dev/disk/by-id/scsi-36002248', '/dev/disk/by-path/acpi-VMBUS:01-scsi-0:0:0:1']) {
    t.ok(isByDisk(entry(`a ${device}`)), device);
  }
  t.notOk(isByDisk(entry('a /dev/disk/by-id/dm-uuid-LVM-1')), 'a volume keeps its name');
  for (const [line, anew, ofAzure, key] of [
    ['a UUID=1 /dev/urandom swap,cipher=aes', true, false, undefined],
    ['a UUID=1 /k tmp=ext4', true, false, '/k'],
    [
      'a UUID=1 /mnt/azure_bek_disk/LinuxPassPhraseFileName_1_0 luks,discard',
      false,
      true,
      '/mnt/azure_bek_disk/LinuxPassPhraseFileName_1_0',
    ],
    [
      'osencrypt /dev/sda2 none luks,discard,header=/boot/luks/osluksheader,keyscript=/usr/sbin/azure_crypt_key.sh',
      false,
      true,
      undefined,
    ],
    ['osencrypt /dev/sda2 none luks', false, true, undefined],
    ['a UUID=1 /key:LABEL=stick luks', false, false, undefined],
    ['a UUID=1 /k luks,keyscript=/bin/x', false, false, undefined],
  ] as const) {
    const parsed = entry(line);
    t.strictSame([isMadeAnew(parsed), isOfAzure(parsed), keyFileOf(parsed)], [anew, ofAzure, key], line);
  }
  t.match(openedBy(entry('a UUID=1 - tpm2-device=auto')), /TPM, which a restored machine does not have/);
  t.match(openedBy(entry('a UUID=1 none luks')), /asked for at every boot/);
  t.match(openedBy(undefined), /not in crypttab/);
});

t.test('the file system of a path', async (t) => {
  const table = mounts(
    ROOT,
    '26 25 8:2 / /root rw - ext4 /dev/sda2 rw',
    '27 25 8:3 / /rootless rw - ext4 /dev/sda3 rw',
  );
  const systems: readonly FileSystem[] = fileSystemsOf(parseMountinfo(table));
  t.equal(homeOf(systems, '/root/key')?.source, '/dev/sda2');
  t.equal(homeOf(systems, '/rooted')?.source, '/dev/sda1');
  t.equal(homeOf([], '/x'), undefined);
});

const crypttab = (text: string, files: Readonly<Record<string, string>> = {}): Scene => ({
  files: { '/etc/crypttab': text, '/proc/1/mountinfo': mounts(ROOT), ...DISK, ...files },
});

const ROWS: readonly (readonly [name: string, Verdict, RegExp, Scene])[] = [
  ['none', 'skip', /no \/etc\/crypttab/, {}],
  ['comments', 'pass', /empty/, crypttab('# <name> <device> <key> <options>\n')],
  ['by UUID, with a passphrase', 'pass', /^data$/, crypttab('data UUID=1 none luks\n')],
  ['by order', 'warn', /order of disks.*data on \/dev\/sdc1/, crypttab('data /dev/sdc1 none luks\n')],
  ['by the disk', 'warn', /disk itself/, crypttab('data /dev/disk/by-id/scsi-36002 none\n')],
  ['swap by order', 'warn', /is overwritten/, crypttab('swap /dev/sdb1 /dev/urandom swap\ndata /dev/sdc none\n')],
  ['key is missing', 'warn', /not there: \/root\/key/, crypttab(KEYED)],
  ['key in clear', 'info', /in clear in the same backup: \/root\/key/, crypttab(KEYED, { '/root/key': 'k' })],
  [
    'key on an encrypted disk',
    'pass',
    /^data$/,
    crypttab(KEYED, {
      ...mapping('root', 'CRYPT-LUKS2-9-root', 'sda'),
      '/proc/1/mountinfo': mounts('25 1 253:0 / / rw - ext4 /dev/mapper/root rw'),
      '/root/key': 'k',
    }),
  ],
  [
    'key on a volume of an encrypted disk',
    'pass',
    /^data$/,
    crypttab(KEYED, {
      ...mapping('pv', 'CRYPT-LUKS2-9-pv', 'sda'),
      ...mapping('vg-root', 'LVM-1', 'dm-0', 1),
      '/proc/1/mountinfo': mounts('25 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw'),
      '/root/key': 'k',
    }),
  ],
  [
    'key on the temporary disk',
    'warn',
    /no backup holds: \/mnt\/key/,
    crypttab('data UUID=1 /mnt/key luks\n', {
      ...TEMPORARY,
      '/proc/1/mountinfo': mounts(ROOT, '30 25 8:16 / /mnt rw - ext4 /dev/sdb rw'),
      '/mnt/key': 'k',
    }),
  ],
  [
    'key in memory',
    'warn',
    /no backup/,
    crypttab('data UUID=1 /run/key luks\n', {
      '/proc/1/mountinfo': mounts(ROOT, '30 25 0:30 / /run rw - tmpfs tmpfs rw'),
      '/run/key': 'k',
    }),
  ],
  [
    'key in the network, which is not touched',
    'warn',
    /no backup/,
    crypttab('data UUID=1 /net/key luks\n', {
      '/proc/1/mountinfo': mounts(ROOT, '30 25 0:30 / /net rw - nfs4 server:/x rw'),
    }),
  ],
  ["Azure's own, whose key is in the vault", 'pass', /^data$/, crypttab(BEK)],
  ['without root', 'skip', /root/, { ...crypttab(KEYED), privileged: false }],
];

for (const [name, verdict, detail, scene] of ROWS) {
  t.test(`enc.crypttab: ${name}`, async (t) => {
    const finding = await find(crypttabLasts, scene);
    t.equal(finding.verdict, verdict, finding.detail);
    t.match(finding.detail, detail);
    if (verdict === 'warn') t.match(finding.remedy, /\n\$ |outside/, 'says what to do');
  });
}

t.test('any crypttab has a reading', async (t) => {
  const words = constantFrom(
    'data',
    '/dev/sda1',
    'UUID=1',
    '/k',
    'none',
    '-',
    'swap',
    ',',
    '#',
    '=',
    ' ',
    '\t',
    '\n',
    'keyscript=x',
  );
  const judged = (text: string) => {
    const entries = parseCrypttab(text).map((one) => ({
      ...one,
      place: keyFileOf(one) === undefined ? undefined : ('clear' as const),
    }));
    return judgeCrypttab(entries).detail !== '' && entries.every((one) => openedBy(one) !== '');
  };
  assert(property(array(words, { maxLength: 60 }), (parts) => judged(parts.join(''))));
  assert(property(string(), judged));
  t.pass('total');
});
