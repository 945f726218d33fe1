import { modifiedMs, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, type CheckContext, info, pass, type Result, skip, warn } from './check.ts';
import { CLOCK } from './limits.ts';

/** What tells whether the clock is right. */
export interface ClockSigns {
  readonly nowMs: number;
  /** The host's clock minus ours; undefined when the host was not asked. */
  readonly hostAheadMs: number | undefined;
  /** The youngest file that the system itself wrote, if it is younger than now. */
  readonly newest: { readonly path: string; readonly modifiedMs: number } | undefined;
  readonly synchronised: boolean | undefined;
}

const SYNC_QUERY_MS = 3000;

/** A clock that is off breaks signatures of requests; one that was set back makes recovery points look like the future's. */
export const clockIsRight: Check = {
  id: 'os.clock',
  group: 'os',
  title: 'The clock is right',
  source: CLOCK.source,
  async run(system, context) {
    if (!system.live) return skip('only a running machine has a clock');
    if (system.platform === 'windows') return judgeHostClock(context.facts.cloud?.imds?.hostAheadMs);
    return judgeClock(await gatherClock(system, context));
  },
};

async function gatherClock(system: System, { facts }: CheckContext): Promise<ClockSigns> {
  const [newest, synchronised] = await Promise.all([newestFile(system), isSynchronised(system)]);
  return { nowMs: system.clock.now().getTime(), hostAheadMs: facts.cloud?.imds?.hostAheadMs, newest, synchronised };
}

export function judgeClock({ nowMs, hostAheadMs, newest, synchronised }: ClockSigns): Result {
  const remedy = 'Let the clock be kept, then look again:\n$ timedatectl set-ntp true\n$ timedatectl status';
  if (hostAheadMs !== undefined && Math.abs(hostAheadMs) > CLOCK.skewMs) {
    return warn(`the clock is ${minutes(hostAheadMs)} ${hostAheadMs > 0 ? 'behind' : 'ahead of'} the host`, remedy);
  }
  const futureMs = newest === undefined ? 0 : newest.modifiedMs - nowMs;
  if (newest !== undefined && futureMs > CLOCK.skewMs) {
    return warn(`${newest.path} is dated ${minutes(futureMs)} in the future: the clock was set back`, remedy);
  }
  if (synchronised === true) return pass('synchronised');
  if (hostAheadMs !== undefined) return pass('agrees with the host');
  if (synchronised === undefined) return skip('nothing tells whether it is synchronised');
  return info('the clock is not synchronised, and there is no other to compare it with', remedy);
}

/** On Windows, by the host alone: who keeps the clock there says so in the language of the system only. */
export function judgeHostClock(hostAheadMs: number | undefined): Result {
  if (hostAheadMs === undefined) return skip('there is no host to compare the clock with');
  if (Math.abs(hostAheadMs) <= CLOCK.skewMs) return pass('agrees with the host');
  return warn(
    `the clock is ${minutes(hostAheadMs)} ${hostAheadMs > 0 ? 'behind' : 'ahead of'} the host`,
    'Let the clock be kept, then look again:\n$ net start w32time\n$ w32tm /resync',
  );
}

const minutes = (ms: number): string => `${Math.round(Math.abs(ms) / 60_000)} minutes`;

/** Folders and files that a running system touches by itself, all the time. */
const TOUCHED = ['/var/log', '/var/lib', '/var/lib/systemd', '/run', '/etc', '/tmp'];

async function newestFile(system: System): Promise<ClockSigns['newest']> {
  const logs = (await readableList(system, '/var/log')).map((name) => `/var/log/${name}`);
  const dated = await Promise.all(
    [...TOUCHED, ...logs].map(async (path) => ({ path, modifiedMs: (await modifiedMs(system, path)) ?? 0 })),
  );
  return dated.reduce<ClockSigns['newest']>(
    (newest, file) => (file.modifiedMs > (newest?.modifiedMs ?? 0) ? file : newest),
    undefined,
  );
}

/** By whoever keeps the clock: timedated knows the kernel's flag (adjtimex(2)); chrony answers without D-Bus. */
async function isSynchronised(system: System): Promise<boolean | undefined> {
  const timeoutMs = SYNC_QUERY_MS;
  const [systemd, chrony] = await Promise.all([
    system.run(['timedatectl', 'show', '--property=NTPSynchronized', '--value'], { timeoutMs }),
    system.run(['chronyc', '-n', 'tracking'], { timeoutMs }),
  ]);
  if (/^Leap status\s*:\s*(Normal|Insert second|Delete second)/m.test(chrony.stdout)) return true;
  if (systemd.exitCode === 0 && systemd.stdout.trim() === 'yes') return true;
  return systemd.exitCode === 0 || chrony.exitCode === 0 ? false : undefined;
}
