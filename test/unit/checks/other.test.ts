import t from 'tap';
import { otherChecks } from '../../../agent/checks/other.ts';
import { backupsDoNotMeet } from '../../../agent/checks/other-agents.ts';
import { parseFound } from '../../../agent/checks/other-credentials.ts';
import { dpkgOwner, runningVersion } from '../../../agent/checks/other-packages.ts';
import { globalOption } from '../../../agent/checks/restore-facts.ts';
import type { Facts } from '../../../agent/system/facts.ts';
import { imdsOf } from '../../../agent/system/imds.ts';
import { assert, nat, property, string } from '../../fast-check.ts';
import { FILES, LIB, PROGRAMS } from './agent-machine.ts';
import { AZURE, processFiles } from './machine.ts';
import { findPrepared, type Prepared, testPrepared } from './prepared-machine.ts';

const HOUR = 3_600_000;

/** A machine with the agent, and what its package managers say of it. */
const packaged = (programs: Prepared['programs']): Prepared => ({
  files: FILES,
  programs: { ...PROGRAMS(), ...programs },
});
const nobody = { exitCode: 1, stderr: 'no path found' };
const withImds = (interfaces: number): Facts => {
  const imds = imdsOf({ network: { interface: Array.from({ length: interfaces }, () => ({})) } });
  return { ...AZURE, cloud: { name: 'azure', imds, imdsFault: undefined } };
};
const net = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`/sys/class/net/${name}/device/vendor`, 'x']));
const updating = (version: string, ageMs: number): Prepared => ({
  files: { ...FILES, [`${LIB}/WALinuxAgent-${version}.zip`]: '' },
  ages: { [`${LIB}/WALinuxAgent-${version}.zip`]: ageMs },
});

const vault = (ageMs: number, name = '/root/v1.VaultCredentials'): Prepared => ({
  files: { [name]: '<xml/>' },
  programs: {
    find: async (argv) => ({ stdout: `${(Date.now() - ageMs) / 1000} ${argv[1]?.replace(/\/root$/, '')}${name}\0` }),
  },
});

const lock = '/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock/SafeFreezeLockFile';

const origin = 'agent.package-origin';
const update = 'agent.updating';
const nic = 'restore.nic-count';
const dc = 'restore.domain-controller';
const credentials = 'other.vault-credentials';
const freezers = 'other.freezers';

testPrepared(
  otherChecks.filter((check) => check !== backupsDoNotMeet),
  [
    [
      origin,
      'of Debian',
      'pass',
      /^walinuxagent$/,
      packaged({ dpkg: { stdout: 'walinuxagent: /usr/sbin/waagent\n' } }),
    ],
    [origin, 'of Red Hat', 'pass', /WALinuxAgent-2/, packaged({ rpm: { stdout: 'WALinuxAgent-2.7.1-1.noarch\n' } })],
    [origin, 'of nobody', 'warn', /no package has \/usr\/sbin\/waagent/, packaged({ dpkg: nobody, rpm: nobody })],
    [origin, 'where no manager is', 'skip', /no package manager/, packaged({})],
    [update, 'nothing', 'pass', /no package manager is at work/, { files: FILES }],
    [
      update,
      'dpkg at work',
      'warn',
      /apt-get \(process 77\)/,
      {
        files: { '/var/lib/dpkg/lock-frontend': '' },
        locked: { path: '/var/lib/dpkg/lock-frontend', pid: 77, command: 'apt-get' },
      },
    ],
    [
      update,
      'dnf at work',
      'warn',
      /dnf \(process 8\)/,
      { files: processFiles(8, 'dnf', ['python3', '/bin/dnf', 'upgrade', '-y']) },
    ],
    [update, 'dnf only asks', 'pass', /no package/, { files: processFiles(8, 'dnf', ['python3', '/bin/dnf', 'list']) }],
    [update, 'the agent itself', 'warn', /2\.12\.0\.2/, updating('2.12.0.2', 60_000)],
    [update, 'an older version', 'pass', /no package/, updating('2.9.0.2', 60_000)],
    [update, 'a version that lies there', 'pass', /no package/, updating('2.12.0.2', HOUR)],
    [nic, 'one', 'pass', /one/, { files: net('eth0') }],
    [
      nic,
      'one, accelerated',
      'pass',
      /one/,
      { files: { ...net('eth0', 'enP1'), '/sys/class/net/enP1/master': '-> ../eth0', '/sys/class/net/lo/mtu': '1' } },
    ],
    [nic, 'two', 'info', /2 network adapters/, { files: net('eth0', 'eth1') }],
    [nic, 'three, by the host', 'info', /3 network/, { files: net('eth0'), facts: withImds(3) }],
    [nic, 'none to see', 'skip', /no network adapter/, {}],
    [dc, 'no samba', 'pass', /no/, {}],
    [
      dc,
      'a file server',
      'pass',
      /standalone server/,
      { files: { '/etc/samba/smb.conf': '[global]\nserver role = standalone server\n' } },
    ],
    [
      dc,
      'a controller',
      'info',
      /though not running/,
      { files: { '/etc/samba/smb.conf': '[global]\n  Server Role= Active Directory Domain Controller\n' } },
    ],
    [dc, 'one that runs', 'info', /controller here:/, { files: processFiles(9, 'samba', ['samba: root process']) }],
    [credentials, 'none', 'pass', /none/, { files: { '/root/x': '' }, programs: { find: {} } }],
    [
      credentials,
      'fresh',
      'warn',
      /^whoever reads \/root\/v1.VaultCredentials \(1 h old\) may .*48 hours/,
      vault(HOUR),
    ],
    [credentials, 'expired', 'info', /expired 48 hours .*\(49 h old\)/, vault(49 * HOUR)],
    [credentials, 'no find', 'skip', /find/, { files: { '/root/x': '' } }],
    [freezers, 'none', 'pass', /none/, { files: processFiles(5, 'sshd', ['sshd']) }],
    [
      freezers,
      'the agent of QEMU',
      'warn',
      /qemu-ga may freeze/,
      { files: processFiles(5, 'qemu-ga', ['/usr/sbin/qemu-ga']) },
    ],
    [
      freezers,
      "Microsoft's at work",
      'warn',
      /safefreeze \(process 5\) freezes file systems right now/,
      { files: processFiles(5, 'safefreeze', ['safefreeze', '60']) },
    ],
    [
      freezers,
      'the lock is held',
      'warn',
      /python3 \(process 77\) freezes/,
      { files: { [lock]: '' }, locked: { path: lock, pid: 77, command: 'python3' } },
    ],
    [freezers, 'the lock is there only', 'pass', /none/, { files: { [lock]: '' } }],
  ],
);

t.test('remedies can be pasted', async (t) => {
  const check = otherChecks.find(({ id }) => id === credentials);
  const finding = check && (await findPrepared(check, vault(HOUR, "/root/it's mine.vaultcredentials")));
  t.match(finding?.remedy, /^\$ shred -u '\/root\/it'\\''s mine\.vaultcredentials'$/m);
});

t.test('the search stays where it should', async (t) => {
  const asked: string[] = [];
  const find = async (argv: readonly string[]) => {
    asked.push(...argv);
    return { stdout: '' };
  };
  const check = otherChecks.find(({ id }) => id === credentials);
  if (check) await findPrepared(check, { files: { '/root/x': '', '/home/a/x': '', '/srv/x': '' }, programs: { find } });
  t.strictSame(asked.filter((word) => /\/(root|home|srv|tmp|opt)$/.test(word)).length, 2, 'what is there, and no more');
  for (const word of ['-xdev', '-maxdepth', 'nfs4', 'autofs']) t.ok(asked.includes(word), word);
});

t.test('who owns a file', async (t) => {
  for (const [output, owner] of [
    ['walinuxagent: /usr/sbin/waagent\n', 'walinuxagent'],
    ['walinuxagent:all: /usr/sbin/waagent\n', 'walinuxagent'],
    ['one, two: /usr/sbin/waagent\n', 'one'],
    ['diversion by one from: /usr/sbin/waagent\nwalinuxagent: /usr/sbin/waagent\n', 'walinuxagent'],
    ['', undefined],
  ] as const) {
    t.equal(dpkgOwner(output), owner, output);
  }
});

t.test('which version of the agent runs', async (t) => {
  const egg = ['python3', '-u', 'bin/WALinuxAgent-2.11.1.4-py3.11.egg', '-run-exthandlers'];
  t.equal(runningVersion([{ pid: 1, name: 'python3', argv: egg }]), '2.11.1.4');
  t.equal(
    runningVersion([{ pid: 1, name: 'python3', argv: ['python3', '/usr/sbin/waagent', '-run-exthandlers'] }]),
    undefined,
  );
});

t.test('smb.conf', async (t) => {
  const conf =
    '; x\nserver role = before\n[homes]\nserver role = other\n[Global]\n serverrole = \\\n dc \n#server role = x\n';
  t.equal(globalOption(conf, 'server role'), 'dc', 'the last one of the section, without blanks');
  t.equal(globalOption('[homes]\nserver role = dc\n', 'server role'), undefined);
  assert(property(string({ unit: 'binary' }), (text) => typeof globalOption(text, 'x') !== 'number'));
});

t.test('what find says', async (t) => {
  assert(
    property(nat(2 ** 31), string({ unit: 'binary', minLength: 1 }), (seconds, name) => {
      const path = `/mnt/root/${name.replaceAll('\0', '')}`;
      const [found] = parseFound(`${seconds}.5 ${path}\0`, '/mnt', seconds * 1000 + 1500);
      return found?.path === path.slice(4) && found.ageMs === 1000;
    }),
  );
  t.strictSame(parseFound('nonsense\0\0', '/', 0), []);
});
