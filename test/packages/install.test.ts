import { versionOf } from '../../packaging/repository.ts';
import { packageTest } from './machine.ts';

packageTest('installed, it works, and is documented', async (t, machine) => {
  const installed = machine.run('dpkg -i /srv/quiesced.deb');
  t.equal(installed.code, 0, 'dpkg -i', installed);
  t.equal(machine.run('dpkg --verify quiesced').stdout, '', 'every file is what md5sums says');

  const version = machine.run('quiesced --version');
  t.match(version, { code: 0, stdout: `quiesced ${versionOf()} (node v24` });
  const bent = machine.run('NODE_OPTIONS=--bogus NODE_PATH=/nowhere quiesced --version');
  t.strictSame(bent, version, "another program's settings for Node do not matter");

  const unknown = machine.run('setpriv --reuid=65534 --clear-groups quiesced --health; echo $?');
  t.match(unknown.stdout, /^UNKNOWN: there is no \/run\/quiesced\/status\.json yet.*\n3\n$/, 'for anybody');
  const checked = machine.run('quiesced check --json');
  const report = JSON.parse(checked.stdout);
  t.equal(checked.code, report.exitCode);
  t.strictSame(
    report.findings.filter(({ verdict }: { verdict: string }) => verdict === 'error'),
    [],
    'no check broke',
  );
  t.equal(machine.run('setpriv --reuid=65534 --clear-groups quiesced --health').code, report.exitCode);
  t.match(machine.run('quiesced thaw'), { code: 0, stdout: 'Nothing of ours is frozen.\n' }, 'koffi loads');
  t.match(machine.run('quiesced config'), { code: 0, stdout: /frozen-deadline = 10s +default/ });

  t.match(
    machine.run('stat -c "%a %U" /run/quiesced /run/quiesced/control /run/quiesced/journal').stdout,
    '755 root\n700 root\n700 root\n',
  );
  t.equal(machine.run('systemctl --root=/ is-enabled quiesced.service').stdout, 'enabled\n');
  t.equal(machine.run('systemctl --root=/ is-enabled quiesced.socket quiesced.timer').stdout, 'disabled\ndisabled\n');

  for (const page of ['8 quiesced', '5 quiesced.conf']) {
    const { code, stdout, stderr } = machine.run(`MANWIDTH=80 man --warnings ${page}`);
    t.strictSame({ code, stderr }, { code: 0, stderr: '' }, `man ${page}`);
    t.match(stdout, /NAME\n +quiesced/);
  }
  t.equal(machine.run('lexgrog /usr/share/man/man8/quiesced.8.gz /usr/share/man/man5/quiesced.conf.5.gz').code, 0);
});

packageTest('each shell completes, and no script has a fault', async (t, machine) => {
  machine.run('dpkg -i /srv/quiesced.deb');
  const bash = machine.run(
    `bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader quiesced; COMP_WORDS=(quiesced reh); COMP_CWORD=1; _quiesced; echo "\${COMPREPLY[@]}"'`,
  );
  t.match(bash, { code: 0, stdout: 'rehearse\n' }, 'bash', bash);
  const fish = machine.run(`fish -c 'complete -C "quiesced service "; complete -C "quiesced check --format "'`);
  t.match(fish.stdout, /^install\t.*\n/m, 'fish', fish);
  t.match(fish.stdout, /^prometheus\t/m);
  t.equal(fish.stderr, '');
  const zsh = machine.run(`${zshFor()} && ${zshFor('service')} && ${zshFor('thaw')}`);
  t.match(zsh, { code: 0, stderr: '', stdout: /^rehearse:Do everything/m }, 'zsh', zsh);
  t.match(zsh.stdout, '\n1:what:(install uninstall start stop status)\n');
  t.match(zsh.stdout, '\n*--by-records[');

  const scripts = ['postinst', 'prerm', 'postrm'].map((name) => `/var/lib/dpkg/info/quiesced.${name}`);
  const checked = machine.run(`shellcheck /usr/bin/quiesced ${scripts.join(' ')}`);
  t.strictSame(checked, { code: 0, stdout: '', stderr: '' }, 'shellcheck');
});

/**
 * zsh completes at a terminal only. Here its two functions that show something print what they are given; that they
 * understand it was tried once with zpty.
 */
const zshFor = (...words: readonly string[]): string => `zsh -fc '
  _arguments() { print -rl -- $@ }
  _describe() { print -rl -- \${(P)\${@[-1]}} }
  words=(quiesced ${words.join(' ')} ""); CURRENT=$#words
  . /usr/share/zsh/vendor-completions/_quiesced'`;
