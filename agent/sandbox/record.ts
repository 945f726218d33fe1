import { crc32 } from 'node:zlib';

/** One disk sector: what no disk and no file system tears in normal operation, so a torn one means a bad copy. */
export const RECORD_BYTES = 512;

/** Slots of the probe's ring: at one write in 0.3 ms it holds the last second. */
export const RING_SLOTS = 4096;

/** The two files that are written on each file system. */
export const JOURNAL_FILE = 'journal.dat';
export const PROBE_FILE = 'probe.dat';

export type RecordKind = 'journal' | 'probe';

/** One write of the sandbox's application (`journal`) or of its stall probe. */
export interface WriterRecord {
  readonly kind: RecordKind;
  /** Counted from 1 without gaps, per kind. */
  readonly number: number;
  /** CLOCK_MONOTONIC just before the write was begun. */
  readonly beganNs: bigint;
}

export type Decoded =
  | { readonly state: 'whole'; readonly record: WriterRecord }
  /** All zero: preallocated and never written. */
  | { readonly state: 'empty' }
  | { readonly state: 'torn' };

const MAGIC: Readonly<Record<RecordKind, number>> = { journal: 0x71736a31, probe: 0x71737031 };
const HEADER_BYTES = 20;
const CHECKSUM_AT = RECORD_BYTES - 4;
const EMPTY = Buffer.alloc(RECORD_BYTES);

/**
 * magic u32 · number u64 · began u64 · padding · CRC-32 of all before it. The padding differs from record to record, so
 * that a record made of halves of two is found out. Writes into `into`, as the probe has no time for garbage.
 */
export function encodeRecord(record: WriterRecord, into: Buffer = Buffer.alloc(RECORD_BYTES)): Buffer {
  into.writeUInt32BE(MAGIC[record.kind], 0);
  into.writeBigUInt64BE(BigInt(record.number), 4);
  into.writeBigUInt64BE(record.beganNs, 12);
  into.fill(1 + (record.number % 255), HEADER_BYTES, CHECKSUM_AT);
  into.writeUInt32BE(crc32(into.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  return into;
}

/** What a sector of a copy holds. A part of a sector, at the end of a file, is `torn`. */
export function decodeRecord(bytes: Buffer, kind: RecordKind): Decoded {
  if (bytes.length !== RECORD_BYTES) return { state: 'torn' };
  if (bytes.equals(EMPTY)) return { state: 'empty' };
  const whole =
    bytes.readUInt32BE(0) === MAGIC[kind] && bytes.readUInt32BE(CHECKSUM_AT) === crc32(bytes.subarray(0, CHECKSUM_AT));
  if (!whole) return { state: 'torn' };
  return {
    state: 'whole',
    record: { kind, number: Number(bytes.readBigUInt64BE(4)), beganNs: bytes.readBigUInt64BE(12) },
  };
}

/** Every sector of a file in order, the last one possibly cut short. */
export function decodeAll(bytes: Buffer, kind: RecordKind): readonly Decoded[] {
  const decoded: Decoded[] = [];
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    decoded.push(decodeRecord(bytes.subarray(at, at + RECORD_BYTES), kind));
  }
  return decoded;
}

/** Where in the ring a probe's write goes. */
export const slotOf = (number: number): number => (number - 1) % RING_SLOTS;
