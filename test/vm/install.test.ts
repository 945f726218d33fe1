/** Installed by the words of the README, in both ways; up at boot, and asked as root and as nobody. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { installSection, runAsWritten } from './lab/install-section.ts';
import type { Machine } from './lab/machine.ts';
import { FULL_RUN } from './lab/rounds.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import { unpackPackages } from './lab/states.ts';

/** A boot takes a minute; a short run makes one. */
const ONCE = { short: 1, full: 1 };
/** After a boot nothing is known until the service has checked, which under emulation takes a while. */
const KNOWN_MS = 600_000;
/** A minute without work, after the checks that may be due, and its end. */
const IDLE_MS = 600_000;

/**
 * What monitoring gets to hear, whoever it runs as. That a check got no answer in time counts as well: it is what this
 * machine is like when the one that emulates it is busy.
 */
async function healthIsKnown(t: Test, machine: Machine): Promise<void> {
  for (const who of ['root', 'nobody']) {
    const ask = `runuser -u ${who} -- quiesced --health`;
    for (const end = Date.now() + KNOWN_MS; ; await sleep(1000)) {
      const { code, output } = await machine.run(ask);
      const known = code <= 3 && / \(checked /.test(output);
      if (!known && Date.now() < end) continue;
      t.ok(known, `${who} is told in one line: ${output.trim()}`);
      break;
    }
  }
}

// What `ready` is was made by typing the same section: a short run goes on from there.
vmTest('installed as the README says', FULL_RUN ? 'bare' : 'ready', async (t, machine) => {
  const resident = { scenario: 'install: resident', measured: 'from power-on to a service that runs', atMost: ONCE };
  await rounds(t, machine, resident, async (t) => {
    if (FULL_RUN) {
      await unpackPackages(machine);
      await runAsWritten(machine, installSection());
    }
    await healthIsKnown(t, machine);
    t.equal(
      await machine.must('systemd-analyze verify --man=no quiesced.service quiesced.socket quiesced.timer 2>&1'),
      '',
    );
    t.comment(await machine.must('systemd-analyze security --no-pager quiesced.service | tail -1'));

    const began = performance.now();
    await machine.reboot();
    const took = performance.now() - began;
    t.equal((await machine.run('systemctl is-active quiesced.service')).output, 'active\n', 'up at boot');
    await healthIsKnown(t, machine);
    return took;
  });
});

vmTest('no process while idle', 'ready', async (t, machine) => {
  const onDemand = { scenario: 'install: socket and timer', measured: 'a request that starts it', atMost: ONCE };
  await rounds(t, machine, { ...onDemand, from: 'ready' }, async (t) => {
    await runAsWritten(machine, installSection('on demand'));
    const { output } = await machine.run('systemctl is-active quiesced.socket quiesced.timer');
    t.equal(output, 'active\nactive\n', 'two units that are no process');
    // The timer may find that the boot is long past, and start it once.
    t.ok(await becomes(machine, 'inactive', IDLE_MS), 'and none that stays');

    const began = performance.now();
    t.match(await machine.must('quiesced status'), /./, 'a request is answered');
    const took = performance.now() - began;
    t.ok(await becomes(machine, 'active', KNOWN_MS), 'by the service');
    await healthIsKnown(t, machine);
    t.ok(await becomes(machine, 'inactive', IDLE_MS), 'which leaves when nobody asks');

    await machine.reboot();
    t.equal(
      (await machine.run('systemctl is-active quiesced.socket quiesced.timer')).output,
      'active\nactive\n',
      'both are up at boot',
    );
    return took;
  });
});

async function becomes(machine: Machine, state: 'active' | 'inactive', timeoutMs: number): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(1000)) {
    if ((await machine.run('systemctl is-active quiesced.service')).output === `${state}\n`) return true;
  }
  return false;
}
