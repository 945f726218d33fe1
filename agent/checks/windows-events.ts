import type { RunResult, System } from '../system/system.ts';
import { system32Program } from '../system/system32.ts';
import { type Check, pass, type Result, skip, warn } from './check.ts';
import { VSS } from './limits.ts';

/** An event of a log of Windows. */
export interface WindowsEvent {
  readonly provider: string;
  readonly id: number;
  /** As the log has it, `2026-09-12T12:12:30.9060987Z`. */
  readonly time: string;
}

const QUERY_MS = 10_000;
const MOST = 50;
const DAY_MS = 24 * 3_600_000;

/** By their numbers: of VSS those of the reference, of Volsnap each that is an error. */
const IDS = VSS.events.map((id) => `EventID=${id}`).join(' or ');
const SINCE = `TimeCreated[timediff(@SystemTime) <= ${DAY_MS}]`;
const QUERIES = {
  Application: `*[System[Provider[@Name='VSS'] and (${IDS}) and ${SINCE}]]`,
  System: `*[System[Provider[@Name='volsnap'] and (Level=1 or Level=2) and ${SINCE}]]`,
} as const;

export const noShadowCopyFailed: Check = {
  id: 'vss.events',
  group: 'windows',
  title: 'No shadow copy has failed since yesterday',
  platforms: ['windows'],
  needsRoot: true,
  timeoutMs: 2 * QUERY_MS + 5000,
  source: VSS.source,
  async run(system) {
    return judgeEvents(await readEvents(system));
  },
};

/** Undefined where the logs do not answer: then no event is no good sign. */
async function readEvents(system: System): Promise<readonly WindowsEvent[] | undefined> {
  const wevtutil = system32Program(system, 'wevtutil.exe');
  const ask = (log: string, ...more: readonly string[]): Promise<RunResult> =>
    system.run([wevtutil, 'qe', log, '/f:xml', '/rd:true', ...more], { timeoutMs: QUERY_MS });
  // Every log of system has some event: a program that prints none does not read it.
  const proof = await ask('System', '/c:1');
  if (proof.exitCode !== 0 || parseEvents(proof.stdout).length === 0) return undefined;
  const answers = await Promise.all(
    Object.entries(QUERIES).map(([log, query]) => ask(log, `/q:${query}`, `/c:${MOST}`)),
  );
  return answers.some(({ exitCode }) => exitCode !== 0)
    ? undefined
    : answers.flatMap(({ stdout }) => parseEvents(stdout));
}

/** An element an event, whose System part is the same in every language. */
export function parseEvents(xml: string): readonly WindowsEvent[] {
  return xml.split(/(?=<Event[\s>])/).flatMap((event) => {
    const provider = /<Provider\s[^>]*?\bName=['"]([^'"]*)['"]/.exec(event)?.[1];
    const id = /<EventID[^>]*>(\d+)<\/EventID>/.exec(event)?.[1];
    const time = /<TimeCreated\s[^>]*?\bSystemTime=['"]([^'"]*)['"]/.exec(event)?.[1];
    return provider === undefined || id === undefined ? [] : [{ provider, id: Number(id), time: time ?? '' }];
  });
}

export function judgeEvents(events: readonly WindowsEvent[] | undefined): Result {
  if (events === undefined) return skip('the event logs do not answer');
  const [latest] = events.toSorted((a, b) => b.time.localeCompare(a.time));
  if (latest === undefined) return pass('no event of VSS or Volsnap');
  const kinds = [...new Set(events.map(({ provider, id }) => `${provider} ${id}`))].join(', ');
  return warn(
    `${events.length} ${events.length === 1 ? 'event' : 'events'} since yesterday: ${kinds}; the last at ${latest.time.slice(0, 16)}Z`,
    `Read them:\n$ wevtutil qe Application /q:"*[System[Provider[@Name='VSS']]]" /rd:true /c:5 /f:text\n$ wevtutil qe System /q:"*[System[Provider[@Name='volsnap']]]" /rd:true /c:5 /f:text`,
  );
}
