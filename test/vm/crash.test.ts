/**
 * Whoever is killed or stopped while the root file system and the data disks are frozen: somebody thaws, the post
 * script runs, nothing stays owed, and the service is there again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { longestFelt, untilThawed } from './lab/frozen.ts';
import type { Machine } from './lab/machine.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import { configure, type Holding, hold, leftWell } from './lab/service.ts';

interface Crash {
  readonly what: string;
  /** Done while everything is frozen. */
  happens(machine: Machine, pids: Holding): Promise<unknown>;
  /** After the thaw. */
  afterwards?(machine: Machine, pids: Holding): Promise<unknown>;
  /** Nobody thaws before this deadline, and then nobody but systemd's timer. */
  readonly deadlineMs?: number;
  /** Then the timer is left to elapse, and finds nothing to do. */
  readonly daemonDies?: true;
}

const CRASHES: readonly Crash[] = [
  {
    what: 'daemon killed',
    happens: (machine, { daemon }) => machine.must(`kill -KILL ${daemon}`),
    daemonDies: true,
  },
  { what: 'guard killed', happens: (machine, { guard }) => machine.must(`kill -KILL ${guard}`) },
  {
    what: 'both killed',
    // Stopped before, so that neither sees the end of the other.
    happens: (machine, { daemon, guard }) => machine.must(`for by in STOP KILL; do kill -$by ${daemon} ${guard}; done`),
    daemonDies: true,
  },
  {
    what: 'both stopped',
    happens: (machine, { daemon, guard }) => machine.must(`kill -STOP ${daemon} ${guard}`),
    afterwards: (machine, { daemon, guard }) => machine.must(`kill -CONT ${daemon} ${guard}`),
    deadlineMs: 25_000,
  },
  { what: 'systemctl stop', happens: systemctl('stop'), afterwards: systemctl('start') },
  { what: 'systemctl restart', happens: systemctl('restart') },
];

const TIMERS = 'systemctl list-units --all --no-legend "quiesced-thaw-*"';
const TIMERS_MS = 120_000;

/** Those that are left. Whoever holds does not wait for systemd to take its timer away. */
async function timersLeft(machine: Machine): Promise<string> {
  for (const end = Date.now() + TIMERS_MS; ; await sleep(1000)) {
    const units = await machine.must(TIMERS);
    if (units === '' || Date.now() > end) return units;
  }
}

/** Not waited for: it may have to wait for the thaw itself. */
function systemctl(verb: string): (machine: Machine) => Promise<unknown> {
  return async (machine) => machine.start(`systemctl ${verb} quiesced`);
}

/** Six starts of Node each, at up to three seconds: more of all of them do not fit into a run, short or full. */
const ONCE = { short: 1, full: 5 };

vmTest('crashes while everything is frozen', 'ready', async (t, machine) => {
  await configure(machine);
  await machine.save('configured');
  for (const { what, happens, afterwards, deadlineMs, daemonDies } of CRASHES) {
    const measured = deadlineMs === undefined ? 'thawed after it happened' : 'frozen beyond the deadline';
    const scenario = `frozen, and then: ${what}`;
    await rounds(t, machine, { scenario, measured, from: 'configured', atMost: ONCE }, async (t) => {
      const holding = await hold(machine, deadlineMs === undefined ? '' : `--for ${deadlineMs}ms`);
      const begunMs = Date.now();
      await happens(machine, holding);
      t.strictSame(await untilThawed(machine, (deadlineMs ?? 0) + holding.graceMs), [], 'everything is thawed');
      const tookMs = Date.now() - begunMs;
      const beyondMs = longestFelt(await machine.feel()) - (deadlineMs ?? 0);
      await afterwards?.(machine, holding);
      await leftWell(t, machine);
      if (!daemonDies) t.equal(await timersLeft(machine), '', 'no timer is left');
      return deadlineMs === undefined ? tookMs : beyondMs;
    });
  }
});
