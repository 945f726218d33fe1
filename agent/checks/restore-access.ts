import { isThere, readableLink, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, fail, pass, type Result, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { listed } from './storage-evidence.ts';

/** The way into a restored machine, by files alone: so it can be asked of a disk that does not boot. */
export interface SshSigns {
  readonly installed: boolean;
  readonly enabled: boolean;
  readonly hostKeys: boolean;
  /** What `sshd -t` says; undefined where it was not asked, empty when all is well. */
  readonly complaint: string | undefined;
}

const SERVERS = ['/usr/sbin/sshd', '/usr/bin/sshd', '/sbin/sshd'];
const UNITS = ['ssh.service', 'sshd.service', 'ssh.socket', 'sshd.socket'];
const SSHD_MS = 4000;

export const sshLetsIn: Check = {
  id: 'access.ssh',
  group: 'restore',
  title: 'The restored machine can be reached by SSH',
  platforms: ['linux'],
  offline: true,
  // Host keys, and what `sshd -t` reads, are root's.
  needsRoot: true,
  source: SOURCES.genericImage,
  async run(system) {
    return judgeSsh(await gatherSsh(system));
  },
};

async function gatherSsh(system: System): Promise<SshSigns> {
  const there = await Promise.all(SERVERS.map((path) => isThere(system, path)));
  const program = SERVERS[there.indexOf(true)];
  const keys = (await readableList(system, '/etc/ssh')).some((name) => /^ssh_host_\w+_key$/.test(name));
  return {
    installed: program !== undefined,
    enabled: await isEnabled(system),
    // Red Hat's and cloud-init make them at the first boot where there are none.
    hostKeys: keys || (await makesKeys(system)),
    complaint: program === undefined || !system.live ? undefined : await complaintOf(system, program),
  };
}

async function isEnabled(system: System): Promise<boolean> {
  // Without systemd an init script that is there is started.
  if (await isThere(system, '/etc/init.d/ssh')) return !(await isMasked(system, 'ssh.service'));
  for (const unit of UNITS) {
    if (await isMasked(system, unit)) continue;
    for (const target of ['multi-user.target', 'sockets.target']) {
      const link = await readableLink(system, `/etc/systemd/system/${target}.wants/${unit}`);
      if (link !== undefined) return true;
    }
  }
  return false;
}

const isMasked = async (system: System, unit: string): Promise<boolean> =>
  (await readableLink(system, `/etc/systemd/system/${unit}`)) === '/dev/null';

async function makesKeys(system: System): Promise<boolean> {
  const makers = ['/usr/lib/systemd/system/sshd-keygen@.service', '/usr/lib/systemd/system/sshdgenkeys.service'];
  const there = await Promise.all([...makers, '/etc/cloud/cloud.cfg'].map((path) => isThere(system, path)));
  return there.includes(true);
}

async function complaintOf(system: System, program: string): Promise<string | undefined> {
  const { ended, exitCode, stderr } = await system.run([program, '-t'], { timeoutMs: SSHD_MS });
  if (ended !== 'exited') return undefined;
  return exitCode === 0 ? '' : (stderr.trim().split('\n')[0] ?? '') || `it ended with ${exitCode}`;
}

export function judgeSsh({ installed, enabled, hostKeys, complaint }: SshSigns): Result {
  if (!installed)
    return fail('no SSH server is installed', '$ apt-get install openssh-server || dnf install openssh-server');
  if (complaint !== undefined && complaint !== '') {
    return fail(`sshd does not start with its configuration: ${complaint}`, 'Correct that, and try:\n$ sshd -t');
  }
  if (!enabled) return fail('the SSH server is not started at boot', '$ systemctl enable ssh || systemctl enable sshd');
  if (!hostKeys) return fail('the SSH server has no host key, and nothing here makes one', '$ ssh-keygen -A');
  return pass('installed, enabled, with host keys');
}

/** An account that the console would let in. */
export interface Administrator {
  readonly name: string;
  readonly password: boolean;
}

/** Where the network does not come up, this console is all there is; SSH keys do not help there. */
export const somebodyMayLogIn: Check = {
  id: 'access.serial-login',
  group: 'restore',
  title: 'An administrator can log in at the serial console',
  platforms: ['linux'],
  offline: true,
  needsRoot: true,
  source: 'https://learn.microsoft.com/troubleshoot/azure/virtual-machines/linux/serial-console-linux (2025)',
  async run(system) {
    return judgeAdministrators(await administrators(system));
  },
};

async function administrators(system: System): Promise<readonly Administrator[]> {
  const [passwd, shadow, group] = await Promise.all(
    ['/etc/passwd', '/etc/shadow', '/etc/group'].map((path) => readableText(system, path)),
  );
  return parseAdministrators(passwd ?? '', shadow ?? '', group ?? '');
}

/** root, and whoever is in a group that sudo's own configuration has by default. Their names alone are kept. */
export function parseAdministrators(passwd: string, shadow: string, group: string): readonly Administrator[] {
  const rows = (text: string) => text.split('\n').map((line) => line.split(':'));
  const hashes = new Map(rows(shadow).map(([name = '', hash = '']) => [name, hash]));
  const groups = rows(group).filter(([name]) => ['sudo', 'wheel', 'admin'].includes(name ?? ''));
  const members = new Set(groups.flatMap((row) => (row[3] ?? '').split(',')));
  const gids = new Set(groups.map((row) => row[2]));
  return rows(passwd).flatMap(([name = '', , uid, gid, , , shell = '']) => {
    const isAdministrator = uid === '0' || members.has(name) || gids.has(gid);
    if (name === '' || !isAdministrator || /\/(nologin|false)$/.test(shell)) return [];
    return [{ name, password: /^[^!*]/.test(hashes.get(name) ?? '') }];
  });
}

export function judgeAdministrators(all: readonly Administrator[]): Result {
  const able = all.filter(({ password }) => password).map(({ name }) => name);
  if (able.length > 0) return pass(listed(able));
  return warn(
    'no administrator has a password, and the serial console takes no keys',
    'Give one of them a password of its own, kept where a restore finds it:\n$ passwd USER',
  );
}
