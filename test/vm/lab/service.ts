import type { Test } from 'tap';
import type { Ran } from './agent.ts';
import { untilFrozen } from './frozen.ts';
import type { Machine } from './machine.ts';
import { MOUNTS } from './recipe.ts';

/** How long a hold of these scenarios lasts unless it is let go: they come to an end of it themselves, mostly. */
export const HOLD_MS = 45_000;

/** Scripts that note when they run, on what is never frozen, and a deadline that is long enough to look at. */
export async function configure(machine: Machine): Promise<void> {
  const script = (what: string) => `#!/bin/sh\necho "${what} \${QUIESCED_RESULT:-}" >>/lab/scripts.log\n`;
  await machine.put('/opt/lab/pre', script('pre'), '0700');
  await machine.put('/opt/lab/post', script('post'), '0700');
  await machine.put(
    '/etc/quiesced/quiesced.conf.d/lab.conf',
    `[snapshot]\nfrozen-deadline = ${HOLD_MS}ms\n[scripts]\npre = /opt/lab/pre\npost = /opt/lab/post\n[schedule]\nreadiness = off\n`,
  );
  await machine.must(
    'chown -R root: /opt/lab /etc/quiesced && systemctl restart quiesced && rm -f /lab/scripts.log && sync',
  );
}

/** `POSTED RESULT` of each script that ran, in order. */
export const scriptsRan = async (machine: Machine): Promise<string> =>
  (await machine.run('cat /lab/scripts.log')).output;

const LEAST_GRACE_MS = 30_000;

export interface Holding {
  readonly daemon: number;
  /** Lives as long as the hold. */
  readonly guard: number;
  /**
   * How long after the time is up it may be frozen: a second, and what the start of Node takes, where that has to be
   * started. One to three seconds under emulation, many more on a machine that is busy: as long at most as it has
   * taken to hold, for which three were started, or half a minute, which is before the deadline of these scenarios.
   */
  readonly graceMs: number;
}

/** Holds, and waits until all of these are frozen; `options` are those of `quiesced hold`. */
export async function hold(machine: Machine, options = '', mounts: readonly string[] = MOUNTS): Promise<Holding> {
  await machine.forget();
  const begunMs = Date.now();
  // One command, for the time between its parts counts: each takes a second or more.
  const pidOf = (command: string) => `pgrep -f 'quiesced.mjs ${command}$'`;
  const output = await machine.must(`quiesced hold ${options} && ${pidOf('daemon')} && ${pidOf('guard')}`);
  const graceMs = Math.max(LEAST_GRACE_MS, 1000 + Date.now() - begunMs);
  const [daemon, guard, ...more] = output.match(/^\d+$/gm) ?? [];
  if (guard === undefined || more.length > 0) throw new Error(`one daemon and one guard were expected: ${output}`);
  const frozen = await untilFrozen(machine, mounts);
  if (!mounts.every((mountPoint) => frozen.includes(mountPoint))) throw new Error(`frozen are only: ${frozen}`);
  return { daemon: Number(daemon), guard: Number(guard), graceMs };
}

/** Waits until nobody is at work and nothing is owed; gives the last status, whatever it says. */
export async function settled(machine: Machine, timeoutMs = 180_000): Promise<Record<string, unknown>> {
  for (const end = Date.now() + timeoutMs; ; ) {
    const { code, output }: Ran = await machine.run('quiesced status --json');
    const status = code === 0 ? JSON.parse(output) : { error: output };
    const idle = status.atWork === undefined && status.run === undefined;
    if ((idle && status.owed?.length === 0 && status.daemon !== undefined) || Date.now() > end) return status;
  }
}

/** Whatever happened: it is told as what it was, and there is nothing left to do. */
export async function leftWell(t: Test, machine: Machine): Promise<void> {
  const status = await settled(machine);
  t.match(status, { frozen: [], owed: [], last: { kind: 'hold' } }, JSON.stringify(status));
  // btrfs gives itself up (read-only) when the process is killed whose FITHAW reads its superblock.
  const unwell = (await machine.feel()).filter(({ errno }) => errno !== 0);
  t.strictSame(unwell, [], 'every file system takes writes');
  t.match(await scriptsRan(machine), /^pre \npost \w+\n$/, 'the post script ran, once');
  t.equal((await machine.run('cat /sys/kernel/rcu_expedited')).output, '0\n');
  t.equal((await machine.run('systemctl is-active quiesced')).output, 'active\n', 'the service is there');
}
