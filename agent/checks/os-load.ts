import { readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, type CheckContext, pass, type Result, skip, warn } from './check.ts';
import { LOAD } from './limits.ts';

/** How busy the machine is. */
export interface LoadSigns {
  /** Tasks that ran or waited, averaged over five minutes: proc_loadavg(5). */
  readonly load5: number | undefined;
  readonly cpus: number | undefined;
  /** Share of the CPUs that was not idle just now, over a fraction of a second. */
  readonly busyPercent: number | undefined;
  readonly memoryPercent: number | undefined;
}

const SAMPLE_MS = 400;

/** The service queues a snapshot on such a machine, and gives up in the end. */
export const notOverloaded: Check = {
  id: 'os.load',
  group: 'os',
  title: 'CPU and memory have room',
  source: LOAD.source,
  // Beyond what is looked at on Windows.
  timeoutMs: 10_000,
  async run(system, context) {
    if (system.platform === 'windows') return judgeWindowsLoad(system.load);
    return judgeLoad(await gatherLoad(system, context));
  },
};

async function gatherLoad(system: System, { facts }: CheckContext): Promise<LoadSigns> {
  const load5 = number((await readableText(system, '/proc/loadavg'))?.split(' ')[1]);
  const busy = isHigh(load5, facts.cpus);
  return {
    load5,
    cpus: facts.cpus,
    // Not worth waiting for on a machine that has been calm for minutes.
    busyPercent: busy && system.live ? await sampleBusy(system) : undefined,
    memoryPercent: memoryPercent((await readableText(system, '/proc/meminfo')) ?? ''),
  };
}

const isHigh = (load5: number | undefined, cpus: number | undefined): boolean =>
  load5 !== undefined && cpus !== undefined && load5 / cpus >= LOAD.cpuPercent / 100;

/** The load alone would not do: it also counts tasks that wait for a disk (proc_loadavg(5)). */
export function judgeLoad({ load5, cpus, busyPercent, memoryPercent }: LoadSigns): Result {
  if (load5 === undefined || cpus === undefined || memoryPercent === undefined) return skip('cannot be told from here');
  const state = `load ${load5.toFixed(1)} on ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}, ${Math.round(memoryPercent)} % of memory in use`;
  if (memoryPercent > LOAD.memoryPercent) {
    return warn(
      `${state}: memory is short`,
      'See what takes it, and give the machine more or the program less:\n$ ps aux --sort=-rss | head',
    );
  }
  const stillBusy = busyPercent === undefined || busyPercent > LOAD.cpuPercent;
  if (isHigh(load5, cpus) && stillBusy) {
    return warn(
      `${state}: the CPUs have been busy for minutes`,
      'Move the backup to a calmer hour, or see what takes the time:\n$ ps aux --sort=-%cpu | head',
    );
  }
  return pass(isHigh(load5, cpus) ? `${state}; it waits for disks rather than for CPUs` : state);
}

/** Nothing there tells of the minutes before: who is busy is looked at once more, and longer. */
const LONGER_MS = 4000;

async function judgeWindowsLoad(load: System['load']): Promise<Result> {
  if (load === undefined) return skip('cannot be told from here');
  const glance = await load.busyPercent(SAMPLE_MS);
  const busy = glance > LOAD.cpuPercent ? await load.busyPercent(LONGER_MS) : glance;
  const memory = load.memoryPercent();
  const state = `${Math.round(busy)} % of the CPUs and ${Math.round(memory)} % of memory in use`;
  if (memory > LOAD.memoryPercent) {
    return warn(
      `${state}: memory is short`,
      'See what takes it, and give the machine more or the program less:\n$ powershell "Get-Process | Sort-Object WS -Descending | Select-Object -First 10"',
    );
  }
  if (busy <= LOAD.cpuPercent) return pass(state);
  return warn(
    `${state}: the CPUs have been busy for seconds`,
    'If that lasts, move the backup to a calmer hour, or see what takes the time:\n$ powershell "Get-Process | Sort-Object CPU -Descending | Select-Object -First 10"',
  );
}

async function sampleBusy(system: System): Promise<number | undefined> {
  const before = cpuTimes((await readableText(system, '/proc/stat')) ?? '');
  await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  const after = cpuTimes((await readableText(system, '/proc/stat')) ?? '');
  if (before === undefined || after === undefined || after.total <= before.total) return undefined;
  return 100 * (1 - (after.idle - before.idle) / (after.total - before.total));
}

/** First line of /proc/stat: idle and iowait are the fourth and fifth, guest times are counted in user already. */
export function cpuTimes(stat: string): { readonly total: number; readonly idle: number } | undefined {
  const ticks = /^cpu +([\d ]+)/.exec(stat)?.[1]?.trim().split(/ +/).slice(0, 8).map(Number);
  if (ticks === undefined || ticks.length < 4) return undefined;
  return { total: ticks.reduce((sum, tick) => sum + tick, 0), idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) };
}

/** `MemAvailable` knows what can be freed; Linux has it since 3.14. */
export function memoryPercent(meminfo: string): number | undefined {
  const kib = (name: string) => number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(meminfo)?.[1]);
  const total = kib('MemTotal');
  const available = kib('MemAvailable');
  return total === undefined || total === 0 || available === undefined ? undefined : 100 * (1 - available / total);
}

const number = (text: string | undefined): number | undefined =>
  text === undefined || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
