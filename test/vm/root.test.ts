/** The root file system itself is frozen, with journald, our log and our program on it, while everybody writes. */
import type { Test } from 'tap';
import { longestFelt, untilFrozen, untilThawed } from './lab/frozen.ts';
import { longestOf, startLoad } from './lab/load.ts';
import type { Machine } from './lab/machine.ts';
import { MOUNTS } from './lab/recipe.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import { HOLD_MS } from './lab/service.ts';

/** The deadline, and what may come on top of it where a machine is emulated on one that is busy. */
const STUCK_MS = HOLD_MS + 5000;
/** Fifty freezes in a full run; each takes a minute or half of one, nearly all of it starts of Node. */
const HELD = { short: 2, full: 30 };
const REHEARSED = { short: 2, full: 20 };

vmTest('the root file system, held and rehearsed under load', 'ready', async (t, machine) => {
  // A release is a start of Node: on a machine that is busy the ten seconds of the default pass before it.
  const config = `[snapshot]\nfrozen-deadline = ${HOLD_MS}ms\n`;
  await machine.put('/etc/quiesced/quiesced.conf.d/lab.conf', config);
  await machine.must('chown -R root: /etc/quiesced && sync');
  const load = await startLoad(machine, (text) => t.comment(text));
  const ids: string[] = [];

  const measured = 'longest step of a writer';
  await rounds(t, machine, { scenario: 'root frozen under load: hold, release', measured, atMost: HELD }, async (t) => {
    await begin();
    const before = await load.figures();
    const hold = await machine.run('quiesced hold');
    t.equal(hold.code, 0, `held: ${hold.output}`);
    t.strictSame(await untilFrozen(machine), [...MOUNTS], 'every one of them lets no write through');
    const { code, output } = await machine.run('quiesced release --json');
    t.equal(code, 0, `it was held until it was let go: ${output}`);
    await letGo(t, machine);
    const outcome = JSON.parse(output);
    t.equal(outcome.consistency, 'file-system', 'nothing holds applications here');
    t.strictSame([...outcome.frozen].sort(), [...MOUNTS].sort(), 'all of them, and nothing else');
    ids.push(outcome.id);
    return longestOf(await load.goesOn(before));
  });

  await rounds(t, machine, { scenario: 'root frozen under load: rehearse', measured, atMost: REHEARSED }, async (t) => {
    await begin();
    const before = await load.figures();
    const { code, output } = await machine.run('quiesced rehearse --yes --json');
    t.equal(code, 0, output);
    await letGo(t, machine);
    const outcome = JSON.parse(output);
    t.equal(outcome.wouldBe, 'file-system');
    ids.push(outcome.id);
    return longestOf(await load.goesOn(before));
  });

  async function begin(): Promise<void> {
    await machine.forget();
    await load.forget();
  }

  const log = await machine.must('journalctl --sync; journalctl --no-pager --output=cat --unit=quiesced.service');
  const lost = ids.filter((id) => !log.includes(id));
  t.ok(ids.length > 0 && lost.length === 0, `every run is told in the journal: ${lost.join(', ') || ids.length}`);
  t.equal(await machine.must('systemctl is-active quiesced systemd-journald'), 'active\nactive\n', 'both run on');
});

async function letGo(t: Test, machine: Machine): Promise<void> {
  t.strictSame(await untilThawed(machine), [], 'nothing is frozen any more');
  const felt = await machine.feel();
  t.ok(longestFelt(felt) < STUCK_MS, `nor was it for longer than allowed: ${longestFelt(felt)} ms`);
}
