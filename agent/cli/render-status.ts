import type { DaemonStatus, RunStatus } from '../control/protocol.ts';
import type { Outcome } from '../snapshot/outcome.ts';
import type { LockHolder } from '../system/lock.ts';
import { outcomeLine } from './render-outcome.ts';
import { hang } from './wrap.ts';

/** What `status` found. */
export interface StatusNow {
  readonly daemon: DaemonStatus | undefined;
  readonly run: RunStatus | undefined;
  readonly atWork: LockHolder | undefined;
  readonly frozen: readonly string[];
  readonly owed: readonly { readonly phases: readonly string[] }[];
  readonly last: Outcome | undefined;
}

export function renderStatus({ daemon, run, atWork, frozen, owed, last }: StatusNow, width: number): string {
  const running = run !== undefined || atWork !== undefined;
  const line = (name: string, text: string) => hang(name.padEnd(11), text, width);
  const mayThaw = !running && (frozen.length > 0 || owed.length > 0);
  return [
    ...line('Daemon:', daemon === undefined ? 'not running' : aboutDaemon(daemon)),
    ...whoIsAtWork(run, atWork, line),
    ...line('Frozen:', frozen.join(', ') || 'nothing'),
    ...(running ? [] : line('Owed:', owed.map(({ phases }) => phases.join(' and ')).join(', ') || 'nothing')),
    ...line('Last run:', last === undefined ? 'none yet' : outcomeLine(last)),
    ...(mayThaw ? ['To settle what a run that died has left: quiesced thaw'] : []),
    '',
  ].join('\n');
}

const aboutDaemon = ({ pid, since, onDemand, next }: DaemonStatus): string => {
  const jobs = Object.entries(next).map(([job, at]) => `; next ${job} ${at}`);
  return `process ${pid}, since ${since}${onDemand ? ', on demand' : ''}${jobs.join('')}`;
};

const STATES = { entering: 'Entering:', held: 'Held:', leaving: 'Leaving:' } as const;

function whoIsAtWork(
  run: RunStatus | undefined,
  atWork: LockHolder | undefined,
  line: (name: string, text: string) => readonly string[],
): readonly string[] {
  if (run !== undefined) {
    const until = run.state === 'held' ? `, until ${run.until} at the latest` : '';
    return line(STATES[run.state], `${run.kind}, since ${run.since}${until}`);
  }
  if (atWork === undefined) return line('At work:', 'nothing');
  return line('At work:', `${atWork.command} (process ${atWork.pid}, since ${atWork.since})`);
}
