import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { type Expectation, judgeContents } from '../../../agent/sandbox/contents.ts';
import { encodeRecord, RECORD_BYTES, RING_SLOTS, slotOf } from '../../../agent/sandbox/record.ts';
import fc from '../../fast-check.ts';

const FROZEN_AT = 1_000_000n;

/** A journal of so many records, and a ring that was written so many times, a nanosecond apart. */
const journalOf = (records: number): Buffer =>
  Buffer.concat(
    Array.from({ length: records }, (_, at) => encodeRecord({ kind: 'journal', number: at + 1, beganNs: BigInt(at) })),
  );

function ringOf(writes: number): Buffer {
  const ring = Buffer.alloc(RING_SLOTS * RECORD_BYTES);
  for (let number = Math.max(1, writes - RING_SLOTS + 1); number <= writes; number += 1) {
    encodeRecord({ kind: 'probe', number, beganNs: BigInt(number) }).copy(ring, slotOf(number) * RECORD_BYTES);
  }
  return ring;
}

const expecting = (more: Partial<Expectation> = {}): Expectation => ({
  acked: 8,
  held: false,
  probed: 0,
  frozenAtNs: FROZEN_AT,
  ...more,
});

const faults = (journal: Buffer, ring: Buffer, expected: Expectation): readonly string[] =>
  judgeContents(journal, ring, expected).flatMap(({ ok, what }) => (ok ? [] : [what]));

const spoil = (bytes: Buffer, at: number): number => bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);

const RING = ringOf(5000);

t.test('what one moment had is right', async () => {
  const some = {
    acked: fc.nat(20),
    more: fc.nat(5),
    writes: fc.constantFrom(0, 1, 50, RING_SLOTS, RING_SLOTS + 1, 9000),
  };
  fc.assert(
    fc.property(fc.record(some), ({ acked, more, writes }) => {
      const expected = expecting({ acked, probed: writes });
      return faults(journalOf(acked + more), ringOf(writes), expected).length === 0;
    }),
    { numRuns: 30 },
  );
});

t.test('any record taken away, torn or blanked is missed', async () => {
  const harm = fc.record({ at: fc.nat(7), how: fc.constantFrom('cut', 'torn', 'blank') });
  fc.assert(
    fc.property(harm, ({ at, how }) => {
      const journal = journalOf(8);
      if (how === 'torn') spoil(journal, at * RECORD_BYTES + 100);
      if (how === 'blank') journal.fill(0, at * RECORD_BYTES, (at + 1) * RECORD_BYTES);
      const kept = how === 'cut' ? journal.subarray(0, at * RECORD_BYTES) : journal;
      return isDeepStrictEqual(
        faults(kept, RING, expecting()),
        how === 'cut' ? ['acknowledged'] : ['acknowledged', 'torn'],
      );
    }),
  );
});

t.test('what was not acknowledged may be missing, but not be torn', async (t) => {
  const longer = journalOf(10);
  t.strictSame(faults(longer.subarray(0, 9 * RECORD_BYTES), RING, expecting()), []);
  t.strictSame(faults(longer.subarray(0, 9 * RECORD_BYTES + 200), RING, expecting()), ['torn']);
  t.strictSame(faults(Buffer.concat([journalOf(9), Buffer.alloc(RECORD_BYTES)]), RING, expecting()), ['torn']);
});

t.test('while the application was held, not one record may follow', async (t) => {
  t.strictSame(faults(journalOf(8), RING, expecting({ held: true })), []);
  t.strictSame(faults(journalOf(9), RING, expecting({ held: true })), ['later']);
});

t.test('a write that was begun after the freeze is found in either file', async (t) => {
  const late = FROZEN_AT + 1n;
  const journal = Buffer.concat([journalOf(8), encodeRecord({ kind: 'journal', number: 9, beganNs: late })]);
  t.strictSame(faults(journal, RING, expecting()), ['later']);
  const ring = Buffer.from(RING);
  encodeRecord({ kind: 'probe', number: 5001, beganNs: late }).copy(ring, slotOf(5001) * RECORD_BYTES);
  t.strictSame(faults(journalOf(8), ring, expecting()), ['later']);
});

t.test('an in-place write is there only with all before it', async (t) => {
  const ring = Buffer.from(RING);
  ring.copy(ring, slotOf(4990) * RECORD_BYTES, 0, RECORD_BYTES);
  t.strictSame(faults(journalOf(8), ring, expecting()), ['order']);
  t.strictSame(faults(journalOf(8), RING, expecting({ probed: 5001 })), ['order']);
});

t.test('records that changed places are found', async (t) => {
  const journal = journalOf(10);
  const ninth = Buffer.from(journal.subarray(8 * RECORD_BYTES, 9 * RECORD_BYTES));
  journal.copy(journal, 8 * RECORD_BYTES, 9 * RECORD_BYTES);
  ninth.copy(journal, 9 * RECORD_BYTES);
  t.strictSame(faults(journal, RING, expecting()), ['order']);
});

t.test('a torn sector and a ring of the wrong size are found', async (t) => {
  const ring = Buffer.from(RING);
  spoil(ring, 3 * RECORD_BYTES);
  t.ok(faults(journalOf(8), ring, expecting()).includes('torn'));
  t.ok(faults(journalOf(8), RING.subarray(RECORD_BYTES), expecting()).includes('torn'));
});

t.test('empty files pass for nothing', async (t) => {
  t.strictSame(faults(Buffer.alloc(0), Buffer.alloc(0), expecting({ probed: 3 })), ['acknowledged', 'torn', 'order']);
});
