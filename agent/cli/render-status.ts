import type { HoldStatus } from '../control/protocol.ts';
import type { Outcome } from '../snapshot/outcome.ts';
import type { LockHolder } from '../system/lock.ts';
import { outcomeLine } from './render-outcome.ts';
import { hang } from './wrap.ts';

/** What `status` found. */
export interface StatusNow {
  readonly hold: HoldStatus | undefined;
  readonly atWork: LockHolder | undefined;
  readonly frozen: readonly string[];
  readonly owed: readonly { readonly phases: readonly string[] }[];
  readonly last: Outcome | undefined;
}

export function renderStatus({ hold, atWork, frozen, owed, last }: StatusNow, width: number): string {
  const running = hold !== undefined || atWork !== undefined;
  const line = (name: string, text: string) => hang(name.padEnd(11), text, width);
  const mayThaw = !running && (frozen.length > 0 || owed.length > 0);
  return [
    ...whoIsAtWork(hold, atWork, line),
    ...line('Frozen:', frozen.join(', ') || 'nothing'),
    ...(running ? [] : line('Owed:', owed.map(({ phases }) => phases.join(' and ')).join(', ') || 'nothing')),
    ...line('Last run:', last === undefined ? 'none yet' : outcomeLine(last)),
    ...(mayThaw ? ['To settle what a run that died has left: quiesced thaw'] : []),
    '',
  ].join('\n');
}

function whoIsAtWork(
  hold: HoldStatus | undefined,
  atWork: LockHolder | undefined,
  line: (name: string, text: string) => readonly string[],
): readonly string[] {
  if (hold !== undefined) return line('Held:', `since ${hold.since}, until ${hold.until} at the latest`);
  if (atWork === undefined) return line('At work:', 'nothing');
  return line('At work:', `${atWork.command} (process ${atWork.pid}, since ${atWork.since})`);
}
