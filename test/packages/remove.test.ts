import { askedOfSystemd, pretendSystemd } from './fake-systemd.ts';
import { packageTest } from './machine.ts';
import { heldForAMoment } from './run-under-way.ts';

/** Folders of systemd's and dpkg's own, which others use too. */
const MADE_FOR_ALL =
  /^\.\/(etc\/systemd\/system\/(multi-user|sockets|timers)\.target\.wants|var\/lib\/systemd\/(deb-systemd-helper-(enabled|masked)|timers)(\/[a-z-]+\.target\.wants)?)$/;

packageTest('removing and purging', async (t, machine) => {
  pretendSystemd(machine);
  machine.put('/var/log/systemctl.log', '');
  const before = new Set(machine.everything());
  machine.run('dpkg -i /srv/quiesced.deb');
  machine.put('/etc/quiesced/quiesced.conf.d/10-site.conf', '[log]\nlevel = debug\n');
  machine.put('/var/lib/quiesced/history.jsonl', '');
  machine.put('/var/log/quiesced/quiesced.log', '');
  machine.put('/etc/systemd/system/quiesced.service.d/10-site.conf', '[Service]\nNice=1\n');
  machine.put('/var/lib/systemd/timers/stamp-quiesced.timer', '');
  machine.run('quiesced service install --on-demand');
  askedOfSystemd(machine);

  await t.test('removing waits until what is held was let go, and keeps configuration and state', async (t) => {
    // A guard that outlives its daemon by a moment.
    await heldForAMoment(machine);
    t.equal(machine.run('dpkg -r quiesced; echo removed >>/var/log/systemctl.log').code, 0);
    t.strictSame(askedOfSystemd(machine), [
      'stop quiesced.socket quiesced.timer quiesced.service',
      'let go',
      'removed',
    ]);
    t.notOk(machine.has('/usr/lib/quiesced'), 'the program is gone');
    for (const path of ['/etc/quiesced/quiesced.conf', '/etc/quiesced/quiesced.conf.d/10-site.conf']) {
      t.ok(machine.has(path), `${path} stays`);
    }
    t.ok(machine.has('/var/lib/quiesced/history.jsonl'), 'so does the state');
  });

  await t.test('purging leaves nothing', async (t) => {
    t.equal(machine.run('dpkg -P quiesced').code, 0);
    const left = machine.everything().filter((path) => !before.has(path) && !MADE_FOR_ALL.test(path));
    t.strictSame(left, []);
  });

  await t.test('what was chosen before it was installed holds', async (t) => {
    machine.run('ln -s /dev/null /etc/systemd/system/quiesced.service && dpkg -i /srv/quiesced.deb');
    t.equal(machine.run('systemctl is-enabled quiesced.service').stdout, 'masked\n');
    t.notOk(machine.run('ls /etc/systemd/system/multi-user.target.wants').stdout.includes('quiesced'), 'not enabled');
    machine.run('dpkg -P quiesced');
    t.equal(machine.run('ls -d /etc/systemd/system/quiesced*').stdout, '', 'the mask goes with the purge');

    machine.put('/etc/systemd/system/sockets.target.wants/.keep', '');
    const unit = '/usr/lib/systemd/system/quiesced.socket';
    machine.run(`ln -s ${unit} /etc/systemd/system/sockets.target.wants/ && dpkg -i /srv/quiesced.deb`);
    t.equal(machine.run('systemctl is-enabled quiesced.service').stdout, 'disabled\n');
    t.match(askedOfSystemd(machine).at(-1), /^start quiesced\.socket/);
  });

  await t.test('a hook in the folder of another program goes with it', async (t) => {
    machine.put('/etc/qemu/fsfreeze-hook', '#!/bin/sh\n', 0o755);
    const without = machine.run('ls -R /etc/qemu').stdout;
    machine.run('quiesced integrate qemu-guest-agent');
    t.not(machine.run('ls -R /etc/qemu').stdout, without);
    machine.run('dpkg -r quiesced');
    t.equal(machine.run('ls -R /etc/qemu').stdout, without);
  });
});
