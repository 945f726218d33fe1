import { chmodSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { localSystem } from '../../../agent/system/local.ts';
import type { System } from '../../../agent/system/system.ts';
import { distrust } from '../../../agent/system/trust.ts';
import { fakeSystem } from '../../fakes/system.ts';

interface Case {
  readonly files: Readonly<Record<string, string>>;
  readonly modes?: Readonly<Record<string, number>>;
  readonly owners?: Readonly<Record<string, number>>;
  readonly path: string;
  readonly reason: string | undefined;
}

const CASES: Readonly<Record<string, Case>> = {
  'all is root’s': { files: { '/etc/q/a.sh': '' }, path: '/etc/q/a.sh', reason: undefined },
  'others may read and run': {
    files: { '/etc/q/a.sh': '' },
    modes: { '/etc/q/a.sh': 0o755 },
    path: '/etc/q/a.sh',
    reason: undefined,
  },
  'setuid is no write bit': {
    files: { '/etc/q/a.sh': '' },
    modes: { '/etc/q/a.sh': 0o4755 },
    path: '/etc/q/a.sh',
    reason: undefined,
  },
  'a file of the group': {
    files: { '/etc/q/a.sh': '' },
    modes: { '/etc/q/a.sh': 0o664 },
    path: '/etc/q/a.sh',
    reason: '/etc/q/a.sh is writable by group (mode 0664): chmod g-w /etc/q/a.sh',
  },
  'a folder of the group': {
    files: { '/etc/q/a.sh': '' },
    modes: { '/etc/q': 0o775 },
    path: '/etc/q/a.sh',
    reason: '/etc/q is writable by group (mode 0775): chmod g-w /etc/q',
  },
  'a file of others': {
    files: { '/etc/q/a.sh': '' },
    modes: { '/etc/q/a.sh': 0o602 },
    path: '/etc/q/a.sh',
    reason: '/etc/q/a.sh is writable by others (mode 0602): chmod o-w /etc/q/a.sh',
  },
  'a sticky folder above': {
    files: { '/tmp/q/a.sh': '' },
    modes: { '/tmp': 0o1777 },
    path: '/tmp/q/a.sh',
    reason: '/tmp is writable by group and others (mode 1777): chmod go-w /tmp',
  },
  'a file of somebody': {
    files: { '/etc/q/a.sh': '' },
    owners: { '/etc/q/a.sh': 1000 },
    path: '/etc/q/a.sh',
    reason: '/etc/q/a.sh belongs to uid 1000, not to root: chown root /etc/q/a.sh',
  },
  'a folder of somebody, and of all': {
    files: { '/srv/q/a.sh': '' },
    modes: { '/srv': 0o777 },
    owners: { '/srv': 1000 },
    path: '/srv/q/a.sh',
    reason:
      '/srv belongs to uid 1000, not to root and is writable by group and others (mode 0777): chown root /srv && chmod go-w /srv',
  },
  'a link, all is root’s': {
    files: { '/etc/q/a.sh': '-> ../../opt/b.sh', '/opt/b.sh': '' },
    path: '/etc/q/a.sh',
    reason: undefined,
  },
  'a link to a file of the group': {
    files: { '/etc/q/a.sh': '-> ../../opt/b.sh', '/opt/b.sh': '' },
    modes: { '/opt/b.sh': 0o775 },
    path: '/etc/q/a.sh',
    reason: '/opt/b.sh is writable by group (mode 0775): chmod g-w /opt/b.sh',
  },
  'a link in a folder of all, to a good file': {
    files: { '/var/x/a.sh': '-> /opt/b.sh', '/opt/b.sh': '' },
    modes: { '/var/x': 0o1777 },
    path: '/var/x/a.sh',
    reason: '/var/x is writable by group and others (mode 1777): chmod go-w /var/x',
  },
  'a link to a folder on the way, through a bad one': {
    files: { '/etc/q': '-> /srv/team/q', '/srv/team/q/a.sh': '' },
    modes: { '/srv/team': 0o775 },
    path: '/etc/q/a.sh',
    reason: '/srv/team is writable by group (mode 0775): chmod g-w /srv/team',
  },
  'a link to a link in a bad folder': {
    files: { '/etc/a.sh': '-> /bad/l', '/bad/l': '-> /opt/b.sh', '/opt/b.sh': '' },
    modes: { '/bad': 0o777 },
    path: '/etc/a.sh',
    reason: '/bad is writable by group and others (mode 0777): chmod go-w /bad',
  },
  'a link over the top of the root stays below it': {
    files: { '/etc/a.sh': '-> ../../../../../opt/b.sh', '/opt/b.sh': '' },
    modes: { '/opt/b.sh': 0o666 },
    path: '/etc/a.sh',
    reason: '/opt/b.sh is writable by group and others (mode 0666): chmod go-w /opt/b.sh',
  },
  'dots in the path': {
    files: { '/etc/q/a.sh': '', '/etc/r/x': '' },
    modes: { '/etc/r': 0o777 },
    path: '/etc//./r/../q/a.sh',
    reason: '/etc/r is writable by group and others (mode 0777): chmod go-w /etc/r',
  },
  'nothing there': { files: { '/etc/x': '' }, path: '/etc/q/a.sh', reason: undefined },
  'nothing there, in a folder of all': {
    files: { '/etc/x': '' },
    modes: { '/etc': 0o777 },
    path: '/etc/q/a.sh',
    reason: '/etc is writable by group and others (mode 0777): chmod go-w /etc',
  },
  'a name for which the shell needs quotes': {
    files: { "/etc/it's a.sh": '' },
    modes: { "/etc/it's a.sh": 0o666 },
    path: "/etc/it's a.sh",
    reason: "/etc/it's a.sh is writable by group and others (mode 0666): chmod go-w '/etc/it'\\''s a.sh'",
  },
};

async function untrustedReason(system: System, path: string): Promise<string | undefined> {
  const found = await distrust(system, path);
  return found && `${found.what}: ${found.remedy}`;
}

for (const [name, { files, modes = {}, owners = {}, path, reason }] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    const system = fakeSystem({ files });
    t.teardown(system.cleanUp);
    for (const [at, mode] of Object.entries(modes)) chmodSync(join(system.root, at), mode);
    for (const [at, uid] of Object.entries(owners)) chownSync(join(system.root, at), uid, 0);
    t.equal(await untrustedReason(system, path), reason);
  });
}

t.test('a loop of links ends', async (t) => {
  const system = fakeSystem({ files: { '/etc/a': '-> /etc/b', '/etc/b': '-> /etc/a' } });
  t.teardown(system.cleanUp);
  // The system itself refuses to follow a loop below a prefix; at / the kernel does, and only the walk is left.
  const links: Readonly<Record<string, string>> = { '/etc/a': '/etc/b', '/etc/b': '/etc/a' };
  const reason = await untrustedReason({ ...system, readLink: async (path) => links[path] }, '/etc/a');
  t.match(reason, /^\/etc\/a is a loop of links: Remove one of them: \/etc\/[ab]$/);
});

t.test('the prefix itself is trusted, whatever its mode', async (t) => {
  const system = fakeSystem({ files: { '/a.sh': '' } });
  t.teardown(system.cleanUp);
  chmodSync(system.root, 0o777);
  t.equal(await distrust(system, '/a.sh'), undefined);
});

t.test('the running machine: from / on, and no way round over /proc', async (t) => {
  const system = localSystem({ root: '/', live: true });
  t.equal(await distrust(system, '/etc/passwd'), undefined);
  t.match(await untrustedReason(system, '/tmp/nothing'), /^\/tmp is writable by group and others \(mode 1777\)/);
  // Its text is `pipe:[123]` or the like: a link that cannot be walked, but opened.
  const own = await distrust(
    { ...system, readLink: async (path) => (path.endsWith('/0') ? 'pipe:[1]' : undefined) },
    '/proc/self/fd/0',
  );
  t.match(own, { what: /cannot be followed to its end/ });
});

t.test('on Windows modes say nothing', async (t) => {
  const system = fakeSystem({ platform: 'windows', files: { '/a': '' } });
  t.teardown(system.cleanUp);
  chmodSync(join(system.root, '/a'), 0o777);
  t.equal(await distrust(system, '/a'), undefined);
});
