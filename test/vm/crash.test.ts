/**
 * Whoever is killed or stopped while the root file system and the data disks are frozen: somebody thaws, the post
 * script runs, nothing stays owed, and the service is there again.
 */
import type { Test } from 'tap';
import { held, untilFrozen, untilThawed } from './lab/frozen.ts';
import type { Machine } from './lab/machine.ts';
import { MOUNTS } from './lab/recipe.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import { ALLOWED_MS, configure, HOLD_MS, pidOfDaemon, pidOfGuard, scriptsRan, settled } from './lab/service.ts';

interface Crash {
  readonly what: string;
  /** Done while everything is frozen. */
  happens(machine: Machine, pids: { readonly daemon: number; readonly guard: number }): Promise<void>;
  /** After the thaw. */
  afterwards?(machine: Machine, pids: { readonly daemon: number; readonly guard: number }): Promise<void>;
  /** Nobody can thaw before the deadline and half a second. */
  readonly atDeadline?: true;
}

const signal = (name: string, ...pids: readonly number[]) => `kill -${name} ${pids.join(' ')}`;

const CRASHES: readonly Crash[] = [
  { what: 'daemon killed', happens: async (machine, { daemon }) => void (await machine.must(signal('KILL', daemon))) },
  { what: 'guard killed', happens: async (machine, { guard }) => void (await machine.must(signal('KILL', guard))) },
  {
    what: 'both killed',
    // Neither can see the end of the other.
    happens: async (machine, { daemon, guard }) => {
      await machine.must(`${signal('STOP', daemon, guard)}; ${signal('KILL', daemon, guard)}`);
    },
  },
  {
    what: 'both stopped',
    happens: async (machine, { daemon, guard }) => void (await machine.must(signal('STOP', daemon, guard))),
    afterwards: async (machine, { daemon, guard }) => void (await machine.must(signal('CONT', daemon, guard))),
    atDeadline: true,
  },
  { what: 'systemctl stop', happens: systemctl('stop'), afterwards: systemctl('start') },
  { what: 'systemctl restart', happens: systemctl('restart') },
];

function systemctl(verb: string): (machine: Machine) => Promise<void> {
  return async (machine) => void machine.start(`systemctl ${verb} quiesced`);
}

vmTest('crashes while everything is frozen', 'ready', async (t, machine) => {
  await configure(machine);
  await machine.save('configured');
  for (const { what, happens, afterwards, atDeadline } of CRASHES) {
    const measured = atDeadline ? 'thawed after the deadline' : 'thawed after it happened';
    await rounds(t, machine, { scenario: `frozen, and then: ${what}`, measured, from: 'configured' }, async (t) => {
      const frozenMs = await freeze(t, machine);
      const pids = { daemon: await pidOfDaemon(machine), guard: await pidOfGuard(machine) };
      const begunMs = Date.now();
      await happens(machine, pids);
      const leftMs = atDeadline ? Math.max(0, frozenMs + HOLD_MS - begunMs) : 0;
      t.strictSame(await untilThawed(machine, leftMs + ALLOWED_MS), [], 'everything is thawed');
      const tookMs = Date.now() - begunMs - leftMs;
      await afterwards?.(machine, pids);
      await leftWell(t, machine);
      return Math.max(0, tookMs);
    });
  }
});

vmTest('memory runs out, the machine is reset, a disk is pulled out', 'ready', async (t, machine) => {
  await configure(machine);
  await machine.save('configured');
  const few = { from: 'configured', atMost: { short: 1, full: 10 } };

  const oom = { scenario: 'frozen, and then: memory runs out', measured: 'until somebody was killed', ...few };
  await rounds(t, machine, oom, async (t) => {
    await freeze(t, machine);
    const begunMs = Date.now();
    const hog = `python3 -c 'b = []\nwhile True: b.append(b"x" * 16777216)'`;
    const { code } = await machine.run(hog, { timeoutMs: 60_000 });
    t.not(code, 0, 'the hog was killed');
    const tookMs = Date.now() - begunMs;
    t.strictSame(await untilThawed(machine, HOLD_MS + ALLOWED_MS), [], 'everything is thawed');
    const log = await machine.must('journalctl --sync; journalctl --no-pager --dmesg --output=cat');
    t.notMatch(log, /Killed process \d+ \((node|MainThread)\)/, 'and it was none of ours');
    await leftWell(t, machine);
    return tookMs;
  });

  const reset = {
    scenario: 'frozen, and then: a hard reset',
    measured: 'until all was settled after the boot',
    ...few,
  };
  await rounds(t, machine, reset, async (t) => {
    await freeze(t, machine);
    await machine.reset();
    const begunMs = Date.now();
    const status = await settled(machine);
    t.match(status, { frozen: [], owed: [], last: { consistency: 'none', reason: /died/ } }, JSON.stringify(status));
    t.equal(await scriptsRan(machine), 'post interrupted\n', 'the post script ran after the boot, once');
    t.strictSame(held(await machine.feel()), []);
    return Date.now() - begunMs;
  });

  const pulled = { scenario: 'frozen, and then: a disk is pulled out', measured: 'release', ...few };
  await rounds(t, machine, pulled, async (t) => {
    await freeze(t, machine);
    await machine.unplug('xfs');
    const begunMs = Date.now();
    const { output } = await machine.run('quiesced release --json', { timeoutMs: 60_000 });
    t.match(JSON.parse(output), { kind: 'hold' }, 'it comes to an end, and tells');
    const others = MOUNTS.filter((mountPoint) => mountPoint !== '/data/xfs');
    const still = await untilThawed(machine, ALLOWED_MS);
    t.strictSame(
      still.filter((mountPoint) => others.some((other) => other === mountPoint)),
      [],
      'the others are thawed',
    );
    t.match(await scriptsRan(machine), /^pre \npost \w+\n$/, 'the post script ran');
    return Date.now() - begunMs;
  });
});

/** Holds everything; gives when that was known. */
async function freeze(t: Test, machine: Machine): Promise<number> {
  const { code, output } = await machine.run('quiesced hold --json');
  t.equal(code, 0, output);
  const frozenMs = Date.now();
  t.strictSame(await untilFrozen(machine), [...MOUNTS], 'everything is frozen, the root file system too');
  return frozenMs;
}

/** Whatever happened: it is told as what it was, and there is nothing left to do. */
async function leftWell(t: Test, machine: Machine): Promise<void> {
  const status = await settled(machine);
  t.match(status, { frozen: [], owed: [], last: { kind: 'hold' } }, JSON.stringify(status));
  t.match(await scriptsRan(machine), /^pre \npost \w+\n$/, 'the post script ran, once');
  t.equal((await machine.run('cat /sys/kernel/rcu_expedited')).output, '0\n');
  t.equal((await machine.run('systemctl is-active quiesced')).output, 'active\n', 'the service is there');
  const timers = await machine.must('systemctl list-units --all --no-legend "quiesced-thaw-*"');
  t.equal(timers, '', 'no timer is left');
}
