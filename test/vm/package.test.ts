/** What the package manager is told to do while a hold lasts: it waits for the thaw, or brings it about. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './lab/agent.ts';
import { untilThawed } from './lab/frozen.ts';
import { within } from './lab/lines.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import { configure, HOLD_MS, hold, scriptsRan, settled } from './lab/service.ts';

/** dpkg unpacks 110 MB under emulation. */
const DPKG_MS = 600_000;
const DATA = '/data/xfs';

vmTest('upgrade and purge while a hold lasts', 'ready', async (t, machine) => {
  await configure(machine);
  await machine.save('configured');
  const few = { from: 'configured', atMost: { short: 1, full: 2 } };

  const upgrade = { scenario: 'held, and then: an upgrade', measured: 'the upgrade, with its wait', ...few };
  await rounds(t, machine, upgrade, async (t) => {
    // The root file system stays writable, so that it is the package that waits, and not dpkg for a frozen disk.
    await hold(machine, `--mount ${DATA}`, [DATA]);
    const begunMs = Date.now();
    const dpkg = machine.start('dpkg -i /root/next.deb');
    t.ok(await says(dpkg, /waiting for its end/), `it waits: ${dpkg.output()}`);
    const { code, output } = await machine.run('quiesced release --json', { timeoutMs: DPKG_MS });
    t.equal(code, 0, `it was held until it was let go, whatever dpkg wanted: ${output}`);
    const upgraded = await within(dpkg.ended, DPKG_MS, 'dpkg');
    t.equal(upgraded.code, 0, upgraded.output);
    const tookMs = Date.now() - begunMs;
    t.match(await machine.must('dpkg-query -W quiesced'), /next1/);
    t.match(await settled(machine), { frozen: [], owed: [] });
    t.equal((await machine.run('systemctl is-active quiesced')).output, 'active\n');
    t.equal(
      await machine.must('cat /etc/quiesced/quiesced.conf.d/lab.conf | head -1'),
      '[snapshot]\n',
      'configuration stays',
    );
    return tookMs;
  });

  const purge = { scenario: 'held, and then: a purge', measured: 'thawed after it began', ...few };
  await rounds(t, machine, purge, async (t) => {
    const { graceMs } = await hold(machine, `--mount ${DATA}`, [DATA]);
    const begunMs = Date.now();
    const dpkg = machine.start('dpkg --purge quiesced');
    t.strictSame(await untilThawed(machine, graceMs), [], 'it lets go');
    const tookMs = Date.now() - begunMs;
    const { code, output } = await within(dpkg.ended, DPKG_MS, 'dpkg');
    t.equal(code, 0, output);
    t.equal(await scriptsRan(machine), 'pre \npost failed\n', 'the post script ran');
    const left = await machine.run(
      'ls -d /etc/quiesced /var/lib/quiesced /usr/lib/quiesced /run/quiesced /usr/bin/quiesced 2>&1 | grep -v "No such"',
    );
    t.equal(left.output, '', 'nothing is left');
    t.equal((await machine.run('systemctl list-unit-files --no-legend "quiesced*"')).output, '', 'no unit either');
    return tookMs;
  });
});

/** Before the hold is over. */
async function says({ output }: Running, what: RegExp): Promise<boolean> {
  for (const end = Date.now() + HOLD_MS; !what.test(output()); await sleep(50)) if (Date.now() > end) return false;
  return true;
}
