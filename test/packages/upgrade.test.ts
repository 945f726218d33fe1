import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { versionOf } from '../../packaging/repository.ts';
import { askedOfSystemd, pretendSystemd } from './fake-systemd.ts';
import { packageTest } from './machine.ts';
import { heldUntilTold } from './run-under-way.ts';

const CONF = '/etc/quiesced/quiesced.conf';
const DROP_IN = '/etc/quiesced/quiesced.conf.d/10-site.conf';

/** The package again, and a later version with another example configuration; not compressed, which takes a minute. */
const REPACK = `cd /srv && dpkg-deb -R quiesced.deb tree && dpkg-deb --root-owner-group -Znone -b tree quiesced.deb &&
  sed -i 's/^Version: .*/Version: 99.0/' tree/DEBIAN/control && echo '# later' >>tree${CONF} &&
  dpkg-deb --root-owner-group -Znone -b tree later.deb && rm -r tree`;

packageTest('an upgrade', async (t, machine) => {
  const state = () => machine.run(`dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' quiesced`).stdout;
  t.equal(machine.run(REPACK).code, 0);
  pretendSystemd(machine);
  t.equal(machine.run('dpkg -i /srv/quiesced.deb').code, 0);
  t.strictSame(askedOfSystemd(machine), ['start quiesced.service']);

  await t.test('waits for a run, then stops the service, then replaces its files', async (t) => {
    const shipped = machine.read(CONF);
    machine.put(DROP_IN, '[log]\nlevel = debug\n');
    const run = await heldUntilTold(machine);
    const upgrade = machine.start('dpkg -i /srv/later.deb');
    const ended = once(upgrade, 'exit');
    const told = await once(upgrade.stderr ?? upgrade, 'data');
    t.match(String(told), 'a snapshot, hold or rehearsal is under way; waiting for its end');
    await sleep(1000);
    t.match(state(), versionOf(), 'nothing is replaced meanwhile');
    t.strictSame(askedOfSystemd(machine), [], 'nor stopped');
    run.stdin?.end('\n');
    t.strictSame(await ended, [0, null]);
    t.equal(state(), 'ii 99.0');
    t.strictSame(askedOfSystemd(machine), [
      'let go',
      'stop quiesced.socket quiesced.timer quiesced.service',
      'start quiesced.service',
    ]);
    t.equal(machine.read(CONF), `${shipped}# later\n`, 'a configuration that was left alone follows the package');
    t.equal(machine.read(DROP_IN), '[log]\nlevel = debug\n');
  });

  await t.test('is given up rather than a run', async (t) => {
    machine.run("sed -i 's/^PATIENCE=.*/PATIENCE=1/; s/^LET_GO=.*/LET_GO=2/' /var/lib/dpkg/info/quiesced.prerm");
    const run = await heldUntilTold(machine);
    const { code, stderr } = machine.run('dpkg -i /srv/quiesced.deb');
    t.not(code, 0);
    t.match(stderr, /a run does not end, so its files cannot be replaced; see: quiesced status/);
    t.equal(state(), 'ii 99.0', 'it is installed as before');
    t.equal(machine.run('dpkg --verify quiesced').code, 0);
    t.equal(askedOfSystemd(machine).at(-1), 'start quiesced.service', 'and runs again');
    run.stdin?.end('\n');
    await once(run, 'exit');
    t.strictSame(askedOfSystemd(machine), ['let go']);
  });

  await t.test('starts the way that was chosen, and keeps what the administrator wrote', async (t) => {
    machine.put(CONF, '[snapshot]\nfrozen-deadline = 7s\n');
    t.match(machine.run('quiesced service install --on-demand'), { code: 0, stdout: /^Done:\n/ });
    t.strictSame(askedOfSystemd(machine), [
      'disable --now quiesced.service',
      'enable --now quiesced.socket quiesced.timer',
    ]);
    const next = machine.run('dpkg --force-confdef --force-confold -i /srv/quiesced.deb </dev/null');
    t.equal(next.code, 0, 'the next try succeeds', next);
    t.equal(askedOfSystemd(machine).at(-1), 'start quiesced.socket quiesced.timer');
    t.match(machine.run('quiesced service status').stdout, /^Way: +started by a request or the timer/m);
    t.match(machine.run('quiesced config').stdout, /frozen-deadline = 7s +\/etc\/quiesced\/quiesced\.conf:2/);
    machine.run('dpkg -r quiesced && dpkg -i /srv/quiesced.deb');
    t.equal(askedOfSystemd(machine).at(-1), 'start quiesced.socket quiesced.timer', 'also after it was removed');
  });
});
