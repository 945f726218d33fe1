import { type Decoded, decodeAll, RECORD_BYTES, RING_SLOTS, slotOf, type WriterRecord } from './record.ts';

/** One thing that was proved of a copy, or disproved. */
export interface CopyCheck {
  readonly what: CopyCheckId;
  readonly ok: boolean;
  readonly detail: string;
}

export type CopyCheckId =
  /** The checker of the file system finds no fault in the copy. */
  | 'file-system'
  /** The copy needs no recovery when it is mounted. */
  | 'recovery'
  /** All that the application had been told was on disk is there. */
  | 'acknowledged'
  /** Nothing is there that was written after the freeze. */
  | 'later'
  /** Every record is whole. */
  | 'torn'
  /** A write is there only if all the earlier ones are. */
  | 'order';

/** What is known of one file system at the moment of the snapshot. */
export interface Expectation {
  /** The last record acknowledged before the first FIFREEZE began. */
  readonly acked: number;
  /** The application was held since before the freeze: then `acked` is the last record there may be. */
  readonly held: boolean;
  /** The probe's number when it was asked before the freeze (`mark`); 0 when it was not. */
  readonly probed: number;
  /** When the last FIFREEZE had returned, on the monotonic clock. */
  readonly frozenAtNs: bigint;
}

/**
 * Judges the two files of a copy. A freeze lets every write(2) that is under way finish, lets no other begin, and then
 * writes everything to the disk (freeze_super: SB_FREEZE_WRITE, then sync_filesystem). So a frozen copy holds exactly
 * what one moment had, synced or not, and more can be asked of it than of a disk after a power failure:
 * - The journal is a whole number of whole records. A tail of zeros, or a part of a record, is never right: ext4
 *   (data=ordered), xfs and btrfs make a file longer on disk only once its data is there, so even a crash should not
 *   leave one.
 * - The in-place writes are an unbroken run up to the last one, though nobody synced them.
 */
export function judgeContents(journal: Buffer, probe: Buffer, expected: Expectation): readonly CopyCheck[] {
  const records = decodeAll(journal, 'journal');
  const slots = decodeAll(probe, 'probe');
  return [
    acknowledged(records, expected),
    nothingLater([...whole(records), ...whole(slots)], records.length, expected),
    nothingTorn(records, slots, probe.length),
    inOrder(records, slots, expected),
  ];
}

function acknowledged(records: readonly Decoded[], { acked }: Expectation): CopyCheck {
  for (let number = 1; number <= acked; number += 1) {
    if (numberOf(records[number - 1]) === number) continue;
    return bad('acknowledged', `record ${number} of ${acked} that were acknowledged is not there`);
  }
  return good('acknowledged', `all ${acked} records that were acknowledged before the freeze`);
}

function nothingLater(found: readonly WriterRecord[], journalRecords: number, expected: Expectation): CopyCheck {
  const late = found.find(({ beganNs }) => beganNs > expected.frozenAtNs);
  if (late !== undefined) {
    const afterMs = Number(late.beganNs - expected.frozenAtNs) / 1e6;
    return bad('later', `${late.kind} write ${late.number} was begun ${afterMs.toFixed(1)} ms after all was frozen`);
  }
  const extra = journalRecords - expected.acked;
  if (extra > 0 && expected.held) return bad('later', `${extra} records were written while the application was held`);
  return good('later', extra > 0 ? `${extra} further records, begun before the freeze was complete` : 'none');
}

function nothingTorn(records: readonly Decoded[], slots: readonly Decoded[], probeBytes: number): CopyCheck {
  const torn = records.findIndex(({ state }) => state !== 'whole');
  if (torn >= 0) return bad('torn', `journal record ${torn + 1} of ${records.length} is ${records[torn]?.state}`);
  const slot = slots.findIndex(({ state }) => state === 'torn');
  if (slot >= 0) return bad('torn', `in-place sector ${slot} is torn`);
  if (probeBytes !== RING_SLOTS * RECORD_BYTES)
    return bad('torn', `the file of in-place writes has ${probeBytes} bytes`);
  return good('torn', `${records.length} records and ${slots.length} sectors are whole`);
}

function inOrder(records: readonly Decoded[], slots: readonly Decoded[], { probed }: Expectation): CopyCheck {
  const misplaced = records.findIndex((record, at) => record.state === 'whole' && numberOf(record) !== at + 1);
  if (misplaced >= 0) return bad('order', `record ${misplaced + 1} is number ${numberOf(records[misplaced])}`);
  const last = whole(slots).reduce((most, { number }) => Math.max(most, number), 0);
  if (last < probed) return bad('order', `in-place write ${probed} had returned, but the last one is ${last}`);
  for (let number = Math.max(1, last - RING_SLOTS + 1); number < last; number += 1) {
    if (numberOf(slots[slotOf(number)]) === number) continue;
    return bad('order', `in-place write ${last} is there, but ${number} before it is not`);
  }
  return good('order', `in-place writes up to ${last}`);
}

const whole = (decoded: readonly Decoded[]): readonly WriterRecord[] =>
  decoded.flatMap((each) => (each.state === 'whole' ? [each.record] : []));

const numberOf = (decoded: Decoded | undefined): number | undefined =>
  decoded?.state === 'whole' ? decoded.record.number : undefined;

const good = (what: CopyCheckId, detail: string): CopyCheck => ({ what, ok: true, detail });
const bad = (what: CopyCheckId, detail: string): CopyCheck => ({ what, ok: false, detail });
