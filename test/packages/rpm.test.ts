import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { filesOf } from '../../packaging/files.ts';
import { ROOT, versionOf } from '../../packaging/repository.ts';
import { scriptText } from '../../packaging/script.ts';
import { built, builtNewer, whyNotBuilt } from './built.ts';
import { askedOfSystemd, pretendSystemd } from './fake-systemd.ts';
import { type Ended, type Machine, machineTest } from './machine.ts';
import { heldForAMoment, heldUntilTold, waitsAndKeeps } from './run-under-way.ts';

const skip = whyNotBuilt('rpm', 'amd64');
const rpm = skip ? '' : await built('rpm', 'amd64');
const newer = skip ? '' : await builtNewer('amd64');

const query = (...args: readonly string[]): string =>
  execFileSync('rpm', ['-qp', ...args, rpm], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });

t.test('what the list says lands there, as it says, and all of it is for root alone to write', { skip }, async (t) => {
  const found = query(
    '--queryformat',
    '[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEFLAGS:fflags} \n]',
  )
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([path = '', mode = '', owner = '', flags = '']) => ({ path, mode, owner, flags }));
  const byPath = new Map(found.map((entry) => [entry.path, entry]));
  for (const { path, mode, from, configuration } of filesOf('rpm')) {
    const kind = 'folder' in from || path === '/usr/lib/quiesced' ? 0o40000 : 0o100000;
    t.equal(Number.parseInt(byPath.get(path)?.mode ?? '', 8), kind + mode, path);
    // c: configuration; n: an upgrade keeps it.
    t.equal(/^(?=.*c)(?=.*n)/.test(byPath.get(path)?.flags ?? ''), configuration === true, `${path}: configuration`);
  }
  t.strictSame(
    found.filter(({ owner, mode }) => owner !== 'root:root' || (Number.parseInt(mode, 8) & 0o022) !== 0),
    [],
  );
  const known = new Set(filesOf('rpm').map(({ path }) => path));
  const unknown = found.filter(
    ({ path, mode }) => mode.startsWith('100') && !known.has(path) && !path.startsWith('/usr/lib/quiesced/'),
  );
  t.strictSame(unknown, [], 'nothing else');
});

t.test('it says what it is, and needs no package by its name but for its scripts', { skip }, async (t) => {
  t.equal(
    query('--queryformat', '%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{OS}'),
    `quiesced ${versionOf()} 1 x86_64 linux`,
  );
  const needs = new Set(query('--requires').trimEnd().split('\n'));
  const byName = [...needs].filter((need) => !/^(rpmlib|config)\(|\.so\.|^rtld/.test(need));
  t.strictSame(byName.sort(), ['/bin/sh', 'coreutils', 'util-linux']);
  t.ok(needs.has('libc.so.6(GLIBC_2.28)(64bit)'), 'glibc is asked for by what is linked with it');
  t.equal(query('--provides').includes('.so'), false, 'and nothing of it is offered to others');
});

const rpmlint = spawnSync('rpmlint', ['--version']).status === 0;
t.test('rpmlint finds nothing', { skip: skip || (rpmlint ? false : 'rpmlint is not installed') }, async (t) => {
  const argv = ['--config', join(ROOT, 'packaging/rpm/rpmlint.toml'), rpm];
  const { status, stdout } = spawnSync('rpmlint', argv, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  t.match(stdout, / 0 errors, 0 warnings/);
  t.equal(status, 0);
});

/** rpm of this machine, at work in the other root; scripts run there, and see no process but their own. */
function rpmIn(machine: Machine, ...args: readonly string[]): Ended {
  const settings = [
    '--define',
    '_dbpath /var/lib/rpm',
    '--define',
    '_install_script_path /usr/local/sbin:/usr/sbin:/usr/bin',
  ];
  const line = 'mount -t proc proc "$1/proc" && root=$1 && shift && exec rpm --root="$root" "$@"';
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [
      ...['--mount', '--pid', '--fork', '--kill-child', '--net', '--ipc', '--uts', '/bin/sh', '-c', line, 'rpm'],
      ...[machine.root, ...settings, ...args],
    ],
    {
      encoding: 'utf8',
      timeout: 120_000,
      killSignal: 'SIGKILL',
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', HOME: '/root' },
    },
  );
  return { code: status, stdout, stderr };
}

machineTest('installed by rpm, it works; an upgrade waits, and what is removed is gone', skip, async (t, machine) => {
  copyFileSync(rpm, join(machine.root, 'srv/quiesced.rpm'));
  // Of the packages `filesystem` and `zsh`, where RPM is at home.
  for (const folder of ['licenses', 'zsh/site-functions']) machine.put(`/usr/share/${folder}/.keep`, '');
  const before = new Set(machine.everything());
  const first = install(machine, '-U', rpm);
  t.equal(first.code, 0, 'rpm -U, without systemd', first);
  t.equal(install(machine, '--verify', 'quiesced').stdout, '', 'every file is what the package says');
  t.match(machine.run('quiesced --version'), { code: 0, stdout: `quiesced ${versionOf()} (node v24` });
  t.match(machine.run('quiesced thaw'), { code: 0, stdout: 'Nothing of ours is frozen.\n' }, 'koffi loads');
  t.equal(machine.run('systemctl --root=/ is-enabled quiesced.service').stdout, 'enabled\n');
  t.equal(machine.run('systemctl --root=/ is-enabled quiesced.socket quiesced.timer').stdout, 'disabled\ndisabled\n');
  for (const name of ['pre', 'post', 'preun', 'postun']) {
    machine.put(`/srv/${name}`, scriptText(`packaging/rpm/${name}`));
    t.strictSame(machine.run(`shellcheck --shell=sh /srv/${name}`), { code: 0, stdout: '', stderr: '' }, name);
  }
  pretendSystemd(machine);
  await again(t, machine);
  await removed(t, machine, before);
});

/** What else is there, Debian's package manager has installed, and RPM's knows nothing of. */
const install = (machine: Machine, ...args: readonly string[]): Ended => rpmIn(machine, '--nodeps', ...args);

const releaseIn = (machine: Machine): string => rpmIn(machine, '-q', '--queryformat', '%{RELEASE}', 'quiesced').stdout;

async function again(t: Test, machine: Machine): Promise<void> {
  machine.put('/etc/quiesced/quiesced.conf.d/10-site.conf', '[log]\nlevel = debug\n');
  await t.test('an upgrade', (t) => waitsAndKeeps(t, machine, () => install(machine, '-U', newer)));
  t.equal(releaseIn(machine), '2');
  await t.test('and the way back', (t) => waitsAndKeeps(t, machine, () => install(machine, '-U', '--oldpackage', rpm)));
  t.equal(releaseIn(machine), '1');
  t.match(machine.run('quiesced --version'), { code: 0 }, 'it runs');

  await t.test('is given up rather than a run', async (t) => {
    // As it is in the package, but for its patience.
    const impatient = scriptText('packaging/rpm/pre')
      .replace(/^PATIENCE=.*/m, 'PATIENCE=1')
      .replace(/^LET_GO=.*/m, 'LET_GO=2');
    machine.put('/srv/pre', impatient);
    const holder = await heldUntilTold(machine);
    const { code, stderr } = machine.run('sh /srv/pre 2');
    t.equal(code, 1, 'which has rpm keep the old version');
    t.match(stderr, /a run does not end, so its files cannot be replaced/);
    t.equal(askedOfSystemd(machine).at(-1), 'start quiesced.service', 'and that runs again');
    holder.stdin?.end('\n');
    await once(holder, 'exit');
  });

  machine.run('quiesced service install --on-demand');
  askedOfSystemd(machine);
  t.equal(install(machine, '-U', '--replacepkgs', rpm).code, 0);
  t.equal(askedOfSystemd(machine).at(-1), 'start quiesced.socket quiesced.timer', 'the way that was chosen stays');
}

/** Of systemd's, of RPM's own, and of what this test put there. */
const NOT_OURS =
  /^\.\/(var\/lib\/rpm|run\/systemd|usr\/local\/sbin|srv|var\/log\/systemctl\.log|etc\/systemd\/system\/[a-z-]+\.target\.wants$)/;

async function removed(t: Test, machine: Machine, before: ReadonlySet<string>): Promise<void> {
  machine.put('/var/lib/quiesced/history.jsonl', '');
  await heldForAMoment(machine);
  const gone = install(machine, '-e', 'quiesced');
  t.equal(gone.code, 0, 'rpm -e', gone);
  t.strictSame(askedOfSystemd(machine), [
    'stop quiesced.socket quiesced.timer quiesced.service',
    'let go',
    'disable quiesced.service quiesced.socket quiesced.timer',
  ]);
  t.strictSame(
    machine.everything().filter((path) => !before.has(path) && !NOT_OURS.test(path)),
    [
      './etc/quiesced',
      './etc/quiesced/quiesced.conf.d',
      './etc/quiesced/quiesced.conf.d/10-site.conf',
      './etc/quiesced/quiesced.conf.rpmsave',
      './var/lib/quiesced',
      './var/lib/quiesced/history.jsonl',
    ],
    'but for configuration and state',
  );
}
