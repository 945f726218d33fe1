/**
 * A program that must permit every open writes its log to the file system that is frozen, as fapolicyd and virus scanners
 * may: it hangs there, and with it whoever opens or runs a file. Nobody may have to open anything to thaw.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { longestFelt, untilFrozen, untilThawed } from './lab/frozen.ts';
import type { Machine } from './lab/machine.ts';
import { rounds, vmTest } from './lab/scenario.ts';

/** Less than the ten seconds that are allowed by default. */
const DEADLINE_MS = 9000;
/** The writer that feels it, every 50 ms, runs under emulation, and the machine that emulates it may be busy. */
const TOLERANCE_MS = 5000;
/** A check has 5 s; on a machine that gets little time it is asked until it answers within that. */
const CHECK_MS = 300_000;
/** Until everything that waited has gone on, a start of Node among it. */
const GO_ON_MS = 60_000;

const LISTEN = 'systemd-run -q --unit=listener /opt/lab/listener / /var/log/listener.log /lab/listener';
const answers = async (machine: Machine): Promise<number> =>
  Number.parseInt(await machine.must('cat /lab/listener'), 10);

async function findingOf(machine: Machine): Promise<{ readonly verdict: string; readonly detail: string }> {
  for (const end = Date.now() + CHECK_MS; ; ) {
    const { output } = await machine.run('quiesced check --only os.fapolicyd --json');
    const [finding] = JSON.parse(output).findings;
    if (finding.verdict !== 'error' || Date.now() > end) return finding;
  }
}

vmTest('a permission listener whose log is frozen', 'ready', async (t, machine) => {
  await machine.must(LISTEN);
  t.ok((await answers(machine)) > 0, 'it is asked');

  await t.test('check warns beforehand', async (t) => {
    t.match(await findingOf(machine), { verdict: 'warn', detail: /listener/ });
  });

  for (const [who, prepare, short] of [
    ['asked of the daemon', 'systemctl start quiesced.service', 2],
    ['without a daemon', 'systemctl stop quiesced.service', 1],
  ] as const) {
    const atMost = { short, full: 4 };
    await machine.must(prepare, { timeoutMs: 60_000 });
    const holding = { scenario: `permission listener: hold, ${who}`, measured: 'longest time without a write', atMost };
    await rounds(t, machine, holding, async (t) => {
      await machine.forget();
      const hold = machine.start(`quiesced hold --for ${DEADLINE_MS}ms`);
      t.ok((await untilFrozen(machine, ['/'], GO_ON_MS)).includes('/'), 'the root file system is frozen');
      const opener = machine.start('cat /etc/hostname');
      t.equal(await Promise.race([opener.ended, sleep(1000, 'waits')]), 'waits', 'nobody can open anything');
      t.strictSame(await untilThawed(machine, DEADLINE_MS + 2 * TOLERANCE_MS), [], 'thawed when the time was up');
      t.equal((await opener.ended).output, 'lab\n', 'whoever waited goes on');
      t.equal((await hold.ended).code, 0, hold.output());
      t.equal((await machine.run('quiesced release --json')).code, 1, 'and it is told that it was not held throughout');
      const longest = longestFelt(await machine.feel());
      t.ok(longest <= DEADLINE_MS + TOLERANCE_MS, `nothing was frozen for longer than that: ${longest} ms`);
      return longest;
    });

    const rehearsing = {
      scenario: `permission listener: rehearse, ${who}`,
      measured: 'longest time without a write',
      atMost,
    };
    await rounds(t, machine, rehearsing, async (t) => {
      await machine.forget();
      const before = await answers(machine);
      const { code, output } = await machine.run('quiesced rehearse --yes --json 2>/dev/null');
      t.equal(code, 0, output);
      t.match(JSON.parse(output).warnings.join('\n'), /^listener \(process/m, 'its plan warns as well');
      t.strictSame(await untilThawed(machine, TOLERANCE_MS), [], 'nothing is frozen');
      t.ok((await answers(machine)) > before, 'the listener goes on');
      return longestFelt(await machine.feel());
    });
  }
});
