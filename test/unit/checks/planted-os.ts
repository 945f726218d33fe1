import { type Change, imdsAnswer, meminfo, mounts } from './healthy-machine.ts';
import { http } from './loopback.ts';
import { processFiles } from './machine.ts';
import { ages, type Fault, files, HOUR, programs, running } from './planted-fault.ts';
import { REFUSED } from './planted-run.ts';
import { mount } from './storage-machine.ts';

const osRelease = (text: string): Change => files({ '/etc/os-release': text });
const fanotify = (mask: string): Change =>
  files({
    ...processFiles(777, 'opend', ['/opt/gate/opend']),
    '/proc/777/fd/4': '-> anon_inode:[fanotify]',
    '/proc/777/fdinfo/4': `pos:\t0\nflags:\t02\nmnt_id:\t15\nfanotify flags:4 event-flags:8000\nfanotify mnt_id:1b mflags:0 mask:${mask} ignored_mask:0\n`,
  });
const denied =
  'type=AVC msg=audit(1795258800.123:77): avc:  denied  { write } for  pid=9 comm="waagent" scontext=system_u:system_r:waagent_t:s0\n';

export const OS_FAULTS: readonly Fault[] = [
  {
    name: 'CoreOS',
    plant: osRelease('ID=coreos\nPRETTY_NAME="Container Linux"\n'),
    found: 'os.supported.linux',
    verdict: 'fail',
    detail: /Container Linux/,
  },
  {
    name: 'a distribution that Azure does not endorse',
    plant: osRelease('ID=void\nPRETTY_NAME="Void"\n'),
    found: 'os.supported.linux',
    verdict: 'warn',
    detail: /Void is not endorsed/,
  },
  {
    name: 'a 32-bit kernel',
    plant: files({ '/proc/sys/kernel/arch': 'i686\n' }),
    found: 'os.arch64',
    verdict: 'fail',
    detail: /i686/,
  },
  {
    name: 'one CPU',
    plant: files({ '/proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu hypervisor\n' }),
    found: 'os.cpu-ram',
    verdict: 'fail',
    detail: /1 CPU, /,
  },
  {
    name: '480 MiB of memory',
    plant: files(meminfo({ MemTotal: 491_520, MemAvailable: 300_000 })),
    found: 'os.cpu-ram',
    verdict: 'fail',
    detail: /0\.5 GiB/,
  },
  {
    name: 'memory short',
    plant: files(meminfo({ MemAvailable: 400_000 })),
    found: 'os.load',
    verdict: 'warn',
    detail: /memory is short/,
  },
  {
    name: 'CPUs busy for minutes',
    plant: files({ '/proc/loadavg': '9.10 8.40 7.20 9/180 99\n' }),
    found: 'os.load',
    verdict: 'warn',
    detail: /load 8\.4 on 2 CPUs/,
  },
  {
    name: 'a clock six minutes behind the host',
    plant: { imds: imdsAnswer({}, undefined, 6 * 60_000 + 5000) },
    found: 'os.clock',
    verdict: 'warn',
    detail: /6 minutes behind/,
  },
  {
    name: 'a clock that was set back',
    plant: ages({ '/var/log/syslog': -HOUR }),
    found: 'os.clock',
    verdict: 'warn',
    detail: /syslog is dated 60 minutes in the future/,
  },
  {
    name: 'Docker',
    plant: running('/usr/bin/dockerd', '-H', 'fd://'),
    found: 'os.docker',
    verdict: 'warn',
    detail: /dockerd/,
  },
  {
    name: 'mounts of containers',
    plant: files(
      mounts([
        mount('/var/lib/containers/storage/overlay/ab/merged', { number: '0:61', type: 'overlay', source: 'overlay' }),
      ]),
    ),
    found: 'os.docker',
    verdict: 'warn',
    detail: /1 mounts of containers/,
  },
  {
    name: 'fapolicyd',
    plant: running('/usr/sbin/fapolicyd'),
    found: 'os.fapolicyd',
    verdict: 'warn',
    detail: /^fapolicyd may block/,
  },
  {
    name: "a fanotify mark of fapolicyd's kind",
    plant: fanotify('10000'),
    found: 'os.fapolicyd',
    verdict: 'warn',
    detail: /^opend may block/,
  },
  {
    name: 'SELinux denies the agent',
    plant: { ...files({ '/sys/fs/selinux/enforce': '1' }), ...programs({ tail: { stdout: denied } }) },
    found: 'os.security',
    verdict: 'warn',
    detail: /waagent may not write/,
  },
];

/** Nobody but those that ask the host for disks and security loses by it. */
const BY_IMDS = [
  'disk.ultra-pv2',
  'disk.write-accel',
  'disk.unmanaged',
  'enc.cvm',
  'enc.trusted-launch',
  'enc.host',
  'restore.marketplace-plan',
];
const NETPLAN = '/etc/netplan/50-cloud-init.yaml';
const DROPS = ['*filter', ':OUTPUT ACCEPT [0:0]', '-A OUTPUT -d 168.63.129.16/32 -j DROP', 'COMMIT', ''].join('\n');
const addresses = [
  { family: 'inet', local: '10.0.0.4', dynamic: true },
  { family: 'inet', local: '10.0.0.5' },
];

export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'a WireServer that never answers',
    plant: { wireServer: undefined },
    found: 'net.wireserver80',
    verdict: 'fail',
    detail: /does not answer within/,
  },
  {
    name: 'a proxy before the WireServer',
    plant: { wireServer: http(407, 'who are you') },
    found: 'net.wireserver80',
    verdict: 'warn',
    detail: /status 407/,
  },
  {
    name: 'a HostGAPlugin that refuses',
    plant: { hostGaPlugin: REFUSED },
    found: 'net.hostga32526',
    verdict: 'fail',
    detail: /ECONNREFUSED/,
  },
  {
    name: 'a metadata service that refuses',
    plant: { imds: REFUSED },
    found: 'net.imds',
    verdict: 'warn',
    detail: /does not answer/,
    silences: BY_IMDS,
  },
  {
    name: 'a metadata service that never answers',
    plant: { imds: undefined },
    found: 'net.imds',
    verdict: 'warn',
    detail: /does not answer/,
    silences: BY_IMDS,
  },
  {
    name: 'a fixed address',
    plant: files({ [NETPLAN]: 'network:\n  ethernets:\n    eth0:\n      addresses: [10.0.0.4/24]\n' }),
    found: 'net.dhcp',
    verdict: 'warn',
    detail: /fixed address/,
  },
  {
    name: 'a rule that drops packets to the host',
    plant: { ...programs({ 'iptables-save': { stdout: DROPS } }), wireServer: undefined, hostGaPlugin: undefined },
    found: 'net.firewall',
    verdict: 'fail',
    detail: /OUTPUT -d 168\.63\.129\.16/,
    hides: ['net.wireserver80', 'net.hostga32526'],
  },
  {
    name: 'a second address',
    plant: programs({
      ip: async (argv) => ({
        stdout: JSON.stringify(
          argv.includes('route') ? [{ dev: 'eth0', prefsrc: '10.0.0.4' }] : [{ ifname: 'eth0', addr_info: addresses }],
        ),
      }),
    }),
    found: 'net.multi-ip',
    verdict: 'info',
    detail: /2 addresses/,
  },
  {
    name: 'the plug-in for SAP HANA',
    plant: files({ '/opt/msawb/bin/AzureWLBackup': '' }),
    found: 'net.mars-fqdn',
    verdict: 'info',
    detail: /SAP HANA/,
  },
];

export const OS_ENOUGH: readonly (readonly [name: string, plant: Change])[] = [
  ['a gibibyte of memory, as Azure gives it', files(meminfo({ MemTotal: 913_408, MemAvailable: 500_000 }))],
  ['a clock four minutes off', { imds: imdsAnswer({}, undefined, 4 * 60_000) }],
  ['the same, ahead', { imds: imdsAnswer({}, undefined, -4 * 60_000) }],
  ['a fanotify mark that is told of opens, and permits none', fanotify('20')],
  ['a rule against another address', programs({ 'iptables-save': { stdout: DROPS.replace('168.63', '168.62') } })],
];
