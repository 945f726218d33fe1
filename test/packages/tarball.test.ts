import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Test } from 'tap';
import { filesOf } from '../../packaging/files.ts';
import { versionOf } from '../../packaging/repository.ts';
import { built, whyNotBuilt } from './built.ts';
import { askedOfSystemd, pretendSystemd } from './fake-systemd.ts';
import { type Machine, machineTest } from './machine.ts';
import { waitsAndKeeps } from './run-under-way.ts';

const skip = whyNotBuilt('tarball', 'amd64');
const tarball = skip ? '' : await built('tarball', 'amd64');

const INSTALL = '/srv/quiesced/install.sh';
const UNINSTALL = '/usr/lib/quiesced/install.sh --uninstall';

function unpack(machine: Machine): void {
  const srv = join(machine.root, 'srv');
  execFileSync('tar', ['-xzf', tarball, '-C', srv]);
  renameSync(join(srv, basename(tarball, '.tar.gz')), join(srv, 'quiesced'));
}

machineTest('where it could not work, install.sh says why and changes nothing', skip, async (t, machine) => {
  unpack(machine);
  t.strictSame(machine.run(`shellcheck ${INSTALL}`), { code: 0, stdout: '', stderr: '' }, 'shellcheck');
  const before = machine.everything();
  const refused = (line: string, why: RegExp, code = 1) => {
    const ended = machine.run(line);
    t.equal(ended.code, code, line, ended);
    t.match(ended.stderr, why);
    t.strictSame(machine.everything(), before, 'nothing was changed');
  };
  refused(`${INSTALL} --prefix=/opt`, /^usage: install\.sh/, 2);
  refused(
    `setpriv --reuid=65534 --clear-groups ${INSTALL}`,
    /nothing was changed: this needs root\n {2}Run it with sudo/,
  );
  refused(
    `mkdir /tmp/bin && printf '#!/bin/sh\\necho riscv64' >/tmp/bin/uname && sed -i 's/riscv64/$([ "$1" = -s ] \\&\\& echo Linux || echo riscv64)/' /tmp/bin/uname && chmod +x /tmp/bin/uname && PATH=/tmp/bin:$PATH ${INSTALL}`,
    /this is for x86_64, and here is riscv64/,
  );
  // As ld.so ends it on a machine whose C library is too old.
  refused(
    `mv /srv/quiesced/files/usr/lib/quiesced/bin/node /tmp/node && printf '#!/bin/sh\\necho "node: version GLIBC_2.28 not found" >&2; exit 1\\n' >/srv/quiesced/files/usr/lib/quiesced/bin/node && chmod +x /srv/quiesced/files/usr/lib/quiesced/bin/node; ${INSTALL}`,
    /does not start here: node: version GLIBC_2\.28 not found\n {2}It needs glibc 2\.28 .*; here is glibc 2\.\d+/,
  );
  machine.run('mv /tmp/node /srv/quiesced/files/usr/lib/quiesced/bin/node');
  refused(`${INSTALL} --uninstall`, /has installed nothing here/);
  machine.put('/usr/local/bin/dpkg-query', '#!/bin/sh\nprintf installed\n', 0o755);
  const packaged = machine.run(INSTALL);
  t.match(packaged, { code: 1, stderr: /the package quiesced is installed\n {2}.*apt-get remove quiesced/ });
});

machineTest('installed from the archive, upgraded and removed', skip, async (t, machine) => {
  unpack(machine);
  const before = new Set(machine.everything());
  pretendSystemd(machine);
  machine.put('/usr/local/bin/restorecon', '#!/bin/sh\necho "$@" >>/tmp/relabelled\n', 0o755);
  const first = machine.run(INSTALL);
  t.match(first, { code: 0, stdout: `Installed: quiesced ${versionOf()} (node v24` }, 'install.sh', first);
  t.strictSame(askedOfSystemd(machine), ['enable quiesced.service', 'start quiesced.service']);
  for (const { path, mode } of filesOf('tarball')) {
    t.equal(machine.run(`stat -c '%a %u:%g' ${path}`).stdout, `${mode.toString(8)} 0:0\n`, path);
  }
  const relabelled = machine
    .run('cat /tmp/relabelled; rm /tmp/relabelled /usr/local/bin/restorecon')
    .stdout.split('\n');
  t.ok(relabelled.includes('-R /usr/lib/quiesced'), 'gets the labels of its place, where SELinux is');
  for (const { path } of filesOf('tarball').filter(({ path }) => !path.startsWith('/usr/lib/quiesced'))) {
    t.ok(relabelled.includes(path), `as does ${path}`);
  }
  t.equal(machine.run('find /usr/lib/quiesced -perm /022 -o -not -uid 0').stdout, '', 'for root alone to write');
  t.match(machine.run('quiesced thaw'), { code: 0, stdout: 'Nothing of ours is frozen.\n' }, 'koffi loads');

  await upgraded(t, machine);

  machine.put('/var/lib/quiesced/history.jsonl', '');
  const gone = machine.run(UNINSTALL);
  t.match(gone, { code: 0, stdout: /^Removed\. Configuration .* are kept\.\n/ }, 'install.sh --uninstall', gone);
  t.strictSame(askedOfSystemd(machine), [
    'stop quiesced.socket quiesced.timer quiesced.service',
    'disable quiesced.service quiesced.socket quiesced.timer',
  ]);
  const left = machine.everything().filter((path) => !before.has(path) && !NOT_OURS.test(path));
  t.strictSame(left, [
    './etc/quiesced',
    './etc/quiesced/quiesced.conf',
    './var/lib/quiesced',
    './var/lib/quiesced/history.jsonl',
  ]);
});

/** Of systemd's, and what this test put there. */
const NOT_OURS =
  /^\.\/(run\/systemd|usr\/local\/sbin|var\/log\/systemctl\.log|etc\/systemd\/system\/[a-z-]+\.target\.wants$)/;

async function upgraded(t: Test, machine: Machine): Promise<void> {
  machine.put('/usr/lib/quiesced/lib/of-the-old-version.mjs', '');
  await waitsAndKeeps(t, machine, () => machine.run(INSTALL));
  t.notOk(machine.has('/usr/lib/quiesced/lib/of-the-old-version.mjs'), 'nothing of the old program stays');
  t.notOk(machine.has('/usr/lib/quiesced.old'));
}
