import { readFileSync } from 'node:fs';
import type { FakeProgram } from '../../fakes/system.ts';
import { EXTENSION, extension, FILES, LIB, PEM, QUOTAS, settings, THUMB, UNIT, VERSION } from './agent-files.ts';
import { BOOT } from './boot-files.ts';
import { AUTHORITY, http } from './loopback.ts';
import { processFiles } from './machine.ts';
import { device, GEN2_TEMPORARY, GIB, mount, mounted } from './storage-files.ts';

type Files = Readonly<Record<string, string>>;

/** A whole machine: its files, its programs, and its host. */
export interface Machine {
  readonly files: Readonly<Record<string, string | undefined>>;
  readonly programs: Readonly<Record<string, FakeProgram>>;
  readonly modes: Readonly<Record<string, number>>;
  /** How long ago a file was changed. */
  readonly ages: Readonly<Record<string, number>>;
  /** What the host's services answer; undefined: they accept, and never say a word. `refused`: nobody listens. */
  readonly imds: string | undefined;
  readonly wireServer: string | undefined;
  readonly hostGaPlugin: string | undefined;
  /** The same of storage, by TLS. */
  readonly storage: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const CONF = '/etc/azure/VMSnapshotScriptPluginConfig.json';
export const PRE = '/opt/db/pre.sh';
export const POST = '/opt/db/post.sh';
export const WAAGENT_CONF = '/etc/waagent.conf';
export const HISTORY = '/var/lib/quiesced/history.jsonl';
export const DATA_LUN0 = 'LNXSYSTM:00/VMBUS:00/f8b3781a-1e82-4818-a1c3-63d806ec15bc/host1/target1:0:0/1:0:0:0';

const PROCESSES: Files = {
  ...processFiles(1, 'systemd', ['/sbin/init']),
  ...processFiles(2, 'kthreadd', []),
  ...processFiles(310, 'systemd-journal', ['/lib/systemd/systemd-journald']),
  ...processFiles(402, 'chronyd', ['/usr/sbin/chronyd', '-F', '1']),
  ...processFiles(455, 'sshd', ['sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups']),
  ...processFiles(460, 'cron', ['/usr/sbin/cron', '-f']),
  '/proc/455/fd/3': '-> socket:[19201]',
  '/proc/310/fd/9': '-> anon_inode:[eventpoll]',
  '/proc/460/task/460/stat': '460 (cron) S 1 460 460 0 -1 4194560',
  '/proc/460/task/460/wchan': 'hrtimer_nanosleep',
  '/proc/locks': '1: FLOCK  ADVISORY  WRITE 460 00:19:861 0 EOF\n',
};

/** The table of mounts of a Debian 12 from Azure's gallery, with a data disk and the temporary one. */
export const ROOT = mount('/', { number: '8:1' });
export const DATA = mount('/data', { number: '8:33', type: 'xfs', source: '/dev/sdc1' });
export const OTHERS = [
  mount('/sys', { number: '0:21', type: 'sysfs', source: 'sysfs' }),
  mount('/proc', { number: '0:22', type: 'proc', source: 'proc' }),
  mount('/dev', { number: '0:5', type: 'devtmpfs', source: 'udev' }),
  mount('/run', { number: '0:24', own: 'rw,nosuid,nodev,noexec', type: 'tmpfs', source: 'tmpfs' }),
  mount('/boot/efi', { number: '8:15', type: 'vfat', source: '/dev/sda15' }),
  mount('/mnt', { number: '8:17', source: '/dev/sdb1' }),
];
/** With more mounts, or with others in place of the root's and the data's. */
export const mounts = (more: readonly string[] = [], root = ROOT, data = DATA): Files => {
  const table = mounted(root, ...OTHERS, data, ...more);
  return { ...table, '/proc/self/mountinfo': table['/proc/1/mountinfo'] ?? '' };
};

/** An entry in the IMDS's list of data disks, by LUN. */
export const dataDisk = (lun: number, change: object = {}) => ({
  lun: String(lun),
  diskSizeGB: '64',
  managedDisk: { id: `/subscriptions/s/disks/data${lun}`, storageAccountType: 'Premium_LRS' },
  writeAcceleratorEnabled: 'false',
  ...change,
});

/** What 169.254.169.254 says; the clock of the host is filled in when it is asked: `withClock`. */
export function imdsAnswer(
  compute: object = {},
  dataDisks: readonly object[] = [dataDisk(0)],
  aheadMs = 0,
  adapters = 1,
): string {
  const osDisk = {
    diskSizeGB: '30',
    managedDisk: { id: '/subscriptions/s/disks/os', storageAccountType: 'Premium_LRS' },
  };
  const profile = {
    name: 'db-01',
    vmId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
    location: 'westeurope',
    vmSize: 'Standard_D2s_v5',
    securityProfile: { secureBootEnabled: 'false', encryptionAtHost: 'false' },
    storageProfile: { osDisk: { ...osDisk, writeAcceleratorEnabled: 'false' }, dataDisks },
    ...compute,
  };
  const answer = http(
    200,
    JSON.stringify({ compute: profile, network: { interface: Array.from({ length: adapters }, () => ({})) } }),
    'application/json',
  );
  return answer.replace('\r\n', `\r\nDate: @${aheadMs}\r\n`);
}

/** Answers are made long before they are given. */
export const withClock = (answer: string): string =>
  answer.replace(/(?<=\r\nDate: )@(-?\d+)/, (_, aheadMs) => new Date(Date.now() + Number(aheadMs)).toUTCString());

const SYSTEM: Files = {
  '/etc/os-release':
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
  '/proc/sys/kernel/hostname': 'db-01\n',
  '/proc/sys/kernel/osrelease': '6.1.0-18-cloud-amd64\n',
  '/proc/sys/kernel/arch': 'x86_64\n',
  '/proc/sys/kernel/random/boot_id': 'this-boot\n',
  '/proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\nflags\t\t: fpu hypervisor\n',
  '/proc/loadavg': '0.08 0.21 0.15 1/146 2042\n',
  '/proc/stat': 'cpu  1000 0 500 90000 100 0 20 0 0 0\n',
  '/sys/class/dmi/id/chassis_asset_tag': '7783-7084-3265-9085-8269-3286-77\n',
  '/sys/class/dmi/id/sys_vendor': 'Microsoft Corporation\n',
  '/sys/class/dmi/id/product_name': 'Virtual Machine\n',
  '/sys/firmware/efi/fw_platform_size': '64\n',
  '/run/systemd/system/.keep': '',
  '/proc/net/route':
    'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\neth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n',
  '/etc/netplan/50-cloud-init.yaml': 'network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n',
  '/sys/class/net/eth0/device/vendor': '0x1414\n',
  '/sys/class/net/lo/mtu': '65536\n',
  '/etc/fstab': 'PARTUUID=1d-01 / ext4 rw,discard,errors=remount-ro 0 1\nUUID=ab /data xfs defaults,nofail 0 2\n',
  '/etc/crypttab': '# <target name> <source device> <key file> <options>\n',
  '/etc/ssl/certs/ca-certificates.crt': AUTHORITY,
  '/mnt/DATALOSS_WARNING_README.txt': 'WARNING: THIS IS A TEMPORARY DISK.\n',
  '/etc/crontab': '25 6 * * * root test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily\n',
  '/root/.bashrc': '',
  '/bin/dash': '',
  '/bin/sh': '-> dash',
  '/var/log/syslog': '',
  '/var/lib/dpkg/lock-frontend': '',
};

export const meminfo = (change: Readonly<Record<string, number>> = {}): Files => {
  const kib = { MemTotal: 8_129_212, MemFree: 6_100_000, MemAvailable: 7_300_000, Dirty: 180, Writeback: 0, ...change };
  const lines = Object.entries(kib).map(([name, amount]) => `${`${name}:`.padEnd(15)} ${amount} kB\n`);
  return { '/proc/meminfo': lines.join('') };
};

const DISKS: Files = {
  ...device('sda', { bytes: 30 * GIB, number: '8:0' }),
  ...device('sda/sda1', { bytes: 29 * GIB, number: '8:1' }),
  ...device('sda/sda15', { bytes: GIB, number: '8:15' }),
  ...device('sdb', { under: GEN2_TEMPORARY, bytes: 16 * GIB, number: '8:16' }),
  ...device('sdb/sdb1', { under: GEN2_TEMPORARY, bytes: 16 * GIB, number: '8:17' }),
  ...device('sdc', { under: DATA_LUN0, bytes: 64 * GIB, number: '8:32' }),
  ...device('sdc/sdc1', { under: DATA_LUN0, bytes: 64 * GIB, number: '8:33' }),
  '/sys/fs/ext4/sda1/errors_count': '0\n',
  '/sys/block/sda/device/model': '',
  '/sys/block/sdc/device/model': '',
};

const AGENT: Files = {
  ...FILES,
  [`${LIB}/TransportPrivate.pem`]: 'key',
  [`${LIB}/${THUMB}.crt`]: PEM,
  [`${LIB}/${THUMB}.prv`]: 'key',
  [`${EXTENSION}/config/7.settings`]: settings(THUMB),
  ...extension('Enabled', '1'),
};

export const rehearsed = (ageMs: number, change: object = {}): string =>
  `${JSON.stringify({
    kind: 'rehearsal',
    taker: 'none',
    startedAt: new Date(Date.now() - ageMs).toISOString(),
    faults: [],
    consistency: 'none',
    wouldBe: 'application',
    frozenMs: 212,
    frozen: ['/', '/data'],
    timeline: [{ step: 'freeze', mountPoint: '/', tookMs: 41 }],
    ...change,
  })}\n`;

export const scriptConfig = (change: object = {}): string =>
  JSON.stringify({ preScriptLocation: PRE, postScriptLocation: POST, timeoutInSeconds: 300, ...change });

const SCRIPTS: Files = {
  [CONF]: scriptConfig(),
  [PRE]: '#!/bin/sh\nset -e\nsync\n',
  [POST]: '#!/bin/sh\nexit 0\n',
  '/etc/quiesced/quiesced.conf': '[snapshot]\nfrozen-deadline = 10s\n',
  [HISTORY]: rehearsed(3 * DAY),
};

/** `stat -f` as it answers about each path: in percent of blocks and of inodes. */
export const usage =
  (percents: Readonly<Record<string, readonly [space: number, inodes: number]>> = {}): FakeProgram =>
  async (argv) => ({
    stdout: argv
      .slice(argv.indexOf('--') + 1)
      .map((path) => {
        const [space, inodes] = percents[path] ?? [23, 4];
        return `4096 100000 ${100_000 - space * 1000} ${100_000 - space * 1000} 10000 ${10_000 - inodes * 100} ${path}\n`;
      })
      .join(''),
  });

/** systemctl show, by what is asked for. */
export const systemctl =
  (unit = UNIT, quotas = QUOTAS('infinity'), timers = ''): FakeProgram =>
  async (argv) => ({
    stdout: argv.includes('--property=CPUQuotaPerSecUSec') ? quotas : argv.includes('*.timer') ? timers : unit,
  });

const RULES = readFileSync(new URL('../../fixtures/firewall/agent.nft.json', import.meta.url), 'utf8');
const ip = (argv: readonly string[]): object[] =>
  argv.includes('route')
    ? [{ dst: '168.63.129.16', gateway: '10.0.0.1', dev: 'eth0', prefsrc: '10.0.0.4', uid: 0 }]
    : [{ ifname: 'eth0', addr_info: [{ family: 'inet', local: '10.0.0.4', dynamic: true }] }];

/** Debian 12 on Azure, with a data disk, scripts of its own for the backup, and nothing wrong. */
export const HEALTHY: Machine = {
  files: { ...SYSTEM, ...meminfo(), ...PROCESSES, ...DISKS, ...mounts(), ...AGENT, ...SCRIPTS, ...BOOT },
  programs: {
    '/usr/sbin/waagent': { stdout: VERSION },
    '/usr/sbin/sshd': {},
    systemctl: systemctl(),
    stat: usage(),
    dpkg: { stdout: 'walinuxagent: /usr/sbin/waagent\n' },
    timedatectl: { stdout: 'yes\n' },
    chronyc: { stdout: 'Reference ID    : 50484330 (PHC0)\nStratum         : 3\nLeap status     : Normal\n' },
    nft: { stdout: RULES },
    'iptables-save': { stdout: '' },
    ip: async (argv) => ({ stdout: JSON.stringify(ip(argv)) }),
    dmesg: { stdout: '[    1.204823] hv_vmbus: registering driver hv_pci\n' },
    find: { stdout: '' },
  },
  modes: { [CONF]: 0o600, [PRE]: 0o700, [POST]: 0o700 },
  ages: Object.fromEntries([CONF, PRE, POST, '/etc/quiesced/quiesced.conf'].map((path) => [path, 90 * DAY])),
  imds: imdsAnswer(),
  wireServer: http(
    200,
    '<?xml version="1.0"?><Versions><Supported><Version>2015-04-05</Version></Supported></Versions>',
  ),
  hostGaPlugin: http(200, '{"versions": ["2015-09-01"]}', 'application/json'),
  storage: http(400, '<Error/>'),
};

/** A part of a machine that is different. */
export type Change = { readonly [Part in keyof Machine]?: Machine[Part] };

/** One after the other, on the same machine. */
export function changed(...changes: readonly Change[]): Machine {
  const of = <Part extends 'files' | 'programs' | 'modes' | 'ages'>(part: Part): Machine[Part] =>
    Object.assign({}, HEALTHY[part], ...changes.map((change) => change[part] ?? {}));
  const host = Object.assign({}, HEALTHY, ...changes);
  return { ...host, files: of('files'), programs: of('programs'), modes: of('modes'), ages: of('ages') };
}
