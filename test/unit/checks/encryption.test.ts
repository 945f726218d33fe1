import t from 'tap';
import type { Check, Verdict } from '../../../agent/checks/check.ts';
import { encryptionChecks } from '../../../agent/checks/encryption.ts';
import { formatOf } from '../../../agent/checks/encryption-evidence.ts';
import type { Facts } from '../../../agent/system/facts.ts';
import { imdsOf } from '../../../agent/system/imds.ts';
import { assert, property, string } from '../../fast-check.ts';
import { BEK, DISK, KEYED, mapping, mounts, ROOT } from './encrypted-machine.ts';
import { AZURE, ELSEWHERE, find, type Scene } from './machine.ts';

const check = (id: string): Check => encryptionChecks.find((one) => one.id === id) as Check;

t.test('formats by the name of libcryptsetup', async (t) => {
  for (const [uuid, format] of [
    ['CRYPT-LUKS2-0f1e2d-data', 'LUKS2'],
    ['CRYPT-LUKS1-0f1e2d-data', 'LUKS1'],
    ['CRYPT-PLAIN-swap', 'PLAIN'],
    ['CRYPT-BITLK-1-x', 'BITLK'],
    ['CRYPT-VERITY-1-usr', undefined],
    ['CRYPT-INTEGRITY-1-x', undefined],
    ['CRYPT-TEMP-1', undefined],
    ['LVM-abc', undefined],
    ['', undefined],
  ] as const) {
    t.equal(formatOf(uuid), format, uuid);
  }
  assert(property(string(), (uuid) => formatOf(uuid) === undefined || uuid.startsWith('CRYPT-')));
});

const LUKS = mapping('data', 'CRYPT-LUKS2-0f1e2d-data', 'sdc');
const EXTENSION = '/var/lib/waagent/Microsoft.Azure.Security.AzureDiskEncryptionForLinux-1.4.0.4';
const ADE = { [`${EXTENSION}/HandlerManifest.json`]: '[]' };
const KEY_VOLUME = { '/dev/disk/by-label/BEK\\x20VOLUME': '' };
const settings = (key: string) => ({
  [`${EXTENSION}/config/9.settings`]: '{}',
  [`${EXTENSION}/config/10.settings`]: JSON.stringify({
    runtimeSettings: [{ handlerSettings: { publicSettings: { KeyVaultURL: 'x', KeyEncryptionKeyURL: key } } }],
  }),
});
/** What udev has seen on the one disk there is, which nothing uses. */
const CLOSED = { ...DISK, '/sys/class/block/sda/dev': '8:0\n', '/run/udev/data/b8:0': 'E:ID_FS_TYPE=crypto_LUKS\n' };

const profile = (security: object, more: object = {}): Facts => ({
  ...AZURE,
  cloud: { name: 'azure', imds: imdsOf({ compute: { securityProfile: security, ...more } }), imdsFault: undefined },
});
const CVM = { securityType: 'ConfidentialVM' };
const ROWS: readonly (readonly [id: string, name: string, Verdict, RegExp, Scene])[] = [
  ['enc.ade', 'not there', 'pass', /not in use/, {}],
  [
    'enc.ade',
    'by crypttab and the volume of the key',
    'info',
    /holds data: .*within the subscription of the vault .*2026.*region.*2019/,
    {
      files: {
        ...LUKS,
        ...ADE,
        '/etc/crypttab': BEK,
        '/proc/1/mountinfo': mounts(ROOT, '30 25 8:33 / /mnt/azure_bek_disk rw - vfat /dev/sdd1 rw'),
      },
    },
  ],
  [
    'enc.ade',
    'the volume of the key is gone',
    'warn',
    /its key is not there, so that the next boot opens nothing$/,
    { files: { ...LUKS, ...ADE, '/etc/crypttab': BEK } },
  ],
  [
    'enc.ade',
    'restored, and its extension is not',
    'warn',
    /holds data, but its extension is not there/,
    { files: { ...LUKS, ...KEY_VOLUME, '/etc/crypttab': BEK } },
  ],
  [
    'enc.ade',
    'with a key of the vault',
    'info',
    /wrapped by a key of the vault/,
    {
      files: {
        ...LUKS,
        ...KEY_VOLUME,
        ...ADE,
        ...settings('https://v.vault.azure.net/keys/k/1'),
        '/etc/crypttab': BEK,
      },
    },
  ],
  [
    'enc.ade',
    'without one',
    'info',
    /without a key of the vault/,
    { files: { ...LUKS, ...KEY_VOLUME, ...ADE, ...settings(''), '/etc/crypttab': BEK } },
  ],
  [
    'enc.ade',
    'by its own table',
    'info',
    /holds data/,
    {
      files: {
        ...LUKS,
        ...KEY_VOLUME,
        ...ADE,
        '/var/lib/azure_disk_encryption_config/azure_crypt_mount':
          'data /dev/disk/azure/scsi1/lun0 None /data ext4 False -1\n',
      },
    },
  ],
  [
    'enc.ade',
    'the system',
    'info',
    /holds osencrypt/,
    { files: { ...KEY_VOLUME, ...ADE, ...mapping('osencrypt', 'CRYPT-LUKS1-1-osencrypt', 'sda2') } },
  ],
  ['enc.ade', 'extension only', 'info', /no disk is encrypted/, { files: ADE }],
  ['enc.ade', 'volume only', 'info', /no disk/, { files: KEY_VOLUME }],

  ['enc.luks-custom', 'none', 'pass', /none/, {}],
  ['enc.luks-custom', "Azure's", 'pass', /none/, { files: { ...LUKS, '/etc/crypttab': BEK } }],
  [
    'enc.luks-custom',
    'one of somebody',
    'warn',
    /data \(LUKS2, opened by \/root\/key\).*2018.*2026/,
    { files: { ...LUKS, '/etc/crypttab': KEYED } },
  ],
  ['enc.luks-custom', 'by hand', 'warn', /not in crypttab/, { files: LUKS }],
  ['enc.luks-custom', 'elsewhere', 'info', /data \(LUKS2/, { files: LUKS, facts: ELSEWHERE }],
  [
    'enc.luks-custom',
    'beside those of Azure',
    'warn',
    /^more \(PLAIN/,
    {
      files: { ...LUKS, ...mapping('more', 'CRYPT-PLAIN-more', 'sde', 1), '/etc/crypttab': BEK },
    },
  ],
  [
    'enc.luks-custom',
    'swap',
    'pass',
    /swap only/,
    {
      files: {
        ...mapping('cryptswap', 'CRYPT-PLAIN-cryptswap', 'sda3'),
        '/etc/crypttab': 'cryptswap PARTUUID=1 /dev/urandom swap\n',
      },
    },
  ],
  ['enc.luks-custom', 'verity', 'pass', /none/, { files: mapping('usr', 'CRYPT-VERITY-1-usr', 'sda3') }],

  ['enc.locked', 'none', 'pass', /none/, {}],
  ['enc.locked', 'open', 'pass', /data/, { files: { ...LUKS, '/etc/crypttab': KEYED } }],
  ['enc.locked', 'to be opened at boot', 'fail', /at boot: data/, { files: { '/etc/crypttab': KEYED } }],
  [
    'enc.locked',
    "Azure's, by its own table",
    'fail',
    /at boot: data/,
    {
      files: {
        '/var/lib/azure_disk_encryption_config/azure_crypt_mount':
          'data /dev/disk/azure/scsi1/lun0 None /data ext4 False -1\n',
      },
    },
  ],
  ['enc.locked', 'nobody opens it', 'fail', /nothing here is to open it: sda/, { files: CLOSED }],
  [
    'enc.locked',
    'on purpose',
    'pass',
    /on purpose: data/,
    { files: { ...CLOSED, '/etc/crypttab': 'data UUID=1 none luks,noauto\n' } },
  ],
  [
    'enc.locked',
    'swap that is made anew',
    'pass',
    /none/,
    { files: { '/etc/crypttab': 'cryptswap PARTUUID=1 /dev/urandom swap\n' } },
  ],

  ['enc.cvm', 'standard', 'pass', /standard/, { facts: profile({}) }],
  [
    'enc.cvm',
    'confidential',
    'warn',
    /no kind that is listed.*unsupported/,
    { facts: profile(CVM, { vmSize: 'Standard_DC2as_v5', location: 'westeurope' }) },
  ],
  [
    'enc.cvm',
    'of an older size',
    'warn',
    /of no kind that is listed/,
    { facts: profile(CVM, { vmSize: 'Standard_DC2as_v5', location: 'uaenorth' }) },
  ],
  [
    'enc.cvm',
    'of the preview',
    'warn',
    /of a kind that is listed.*preview/,
    { facts: profile(CVM, { vmSize: 'Standard_DC2as_v6', location: 'uaenorth' }) },
  ],
  ['enc.cvm', 'not told', 'skip', /net\.imds/, {}],
  ['enc.cvm', 'elsewhere', 'skip', /not on Azure/, { facts: ELSEWHERE }],
  ['enc.trusted-launch', 'standard', 'pass', /standard/, { facts: profile({}) }],
  ['enc.trusted-launch', 'on', 'info', /data disk/, { facts: profile({ securityType: 'TrustedLaunch' }) }],
  ['enc.host', 'off', 'pass', /not in use/, { facts: profile({ encryptionAtHost: 'false' }) }],
  ['enc.host', 'on', 'info', /supported/, { facts: profile({ encryptionAtHost: 'true' }) }],
];

for (const [id, name, verdict, detail, scene] of ROWS) {
  t.test(`${id}: ${name}`, async (t) => {
    const finding = await find(check(id), scene);
    t.equal(finding.verdict, verdict, finding.detail);
    t.match(finding.detail, detail);
    if (verdict === 'warn' || verdict === 'fail') t.ok(finding.remedy, 'says what to do');
  });
}

t.test('every check has a machine where it passes and one where it does not', async (t) => {
  // Those of Windows alone have theirs in windows-planted.test.ts.
  const ofLinux = encryptionChecks.filter(({ platforms }) => platforms?.includes('linux') ?? true);
  t.strictSame(ofLinux.map(({ id }) => id).sort(), [
    'enc.ade',
    'enc.crypttab',
    'enc.cvm',
    'enc.host',
    'enc.locked',
    'enc.luks-custom',
    'enc.trusted-launch',
  ]);
  for (const { id } of ofLinux.filter((one) => one.id !== 'enc.crypttab')) {
    const verdicts = ROWS.filter(([tested]) => tested === id).map(([, , verdict]) => verdict);
    t.ok(verdicts.includes('pass'), `${id} passes`);
    t.ok(
      verdicts.some((verdict) => verdict !== 'pass' && verdict !== 'skip'),
      `${id} finds something`,
    );
  }
});
