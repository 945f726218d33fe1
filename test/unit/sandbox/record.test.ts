import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import {
  decodeAll,
  decodeRecord,
  encodeRecord,
  RECORD_BYTES,
  RING_SLOTS,
  slotOf,
} from '../../../agent/sandbox/record.ts';
import fc from '../../fast-check.ts';

const anyRecord = fc
  .record({
    kind: fc.constantFrom('journal' as const, 'probe' as const),
    number: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    beganNs: fc.bigInt({ min: 0n, max: 2n ** 63n }),
  })
  // Without a prototype it equals nothing that is decoded.
  .map((record) => ({ ...record }));

t.test('what was encoded is decoded', async () => {
  fc.assert(
    fc.property(anyRecord, (record) =>
      isDeepStrictEqual(decodeRecord(encodeRecord(record), record.kind), { state: 'whole', record }),
    ),
    { numRuns: 200 },
  );
});

t.test('one changed byte, wherever it is, makes a record torn', async () => {
  const change = fc.record({ at: fc.nat(RECORD_BYTES - 1), by: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(anyRecord, change, (record, { at, by }) => {
      const bytes = encodeRecord(record);
      bytes.writeUInt8((bytes.readUInt8(at) + by) % 256, at);
      return decodeRecord(bytes, record.kind).state === 'torn';
    }),
    { numRuns: 500 },
  );
});

t.test('halves of two records are torn, wherever they meet', async () => {
  const cut = fc.integer({ min: 20, max: RECORD_BYTES - 5 });
  fc.assert(
    fc.property(anyRecord, cut, (record, at) => {
      const next = encodeRecord({ ...record, number: record.number === 1 ? 2 : record.number - 1 });
      const mixed = Buffer.concat([encodeRecord(record).subarray(0, at), next.subarray(at)]);
      return decodeRecord(mixed, record.kind).state === 'torn';
    }),
  );
});

t.test('a record of the other kind, a part of one and zeros are told apart', async (t) => {
  const record = encodeRecord({ kind: 'journal', number: 1, beganNs: 1n });
  t.equal(decodeRecord(record, 'probe').state, 'torn');
  t.equal(decodeRecord(record.subarray(0, 511), 'journal').state, 'torn');
  t.equal(decodeRecord(Buffer.alloc(RECORD_BYTES), 'journal').state, 'empty');
  t.equal(decodeRecord(Buffer.alloc(100), 'journal').state, 'torn');
});

t.test('a file is decoded sector by sector, the last one as it is', async (t) => {
  const file = Buffer.concat([encodeRecord({ kind: 'journal', number: 1, beganNs: 1n }), Buffer.alloc(513)]);
  t.strictSame(
    decodeAll(file, 'journal').map(({ state }) => state),
    ['whole', 'empty', 'torn'],
  );
});

t.test('a buffer that is used again keeps nothing of the record before', async (t) => {
  const buffer = Buffer.alloc(RECORD_BYTES);
  encodeRecord({ kind: 'probe', number: 77, beganNs: 5n }, buffer);
  encodeRecord({ kind: 'probe', number: 3, beganNs: 6n }, buffer);
  t.strictSame(buffer, encodeRecord({ kind: 'probe', number: 3, beganNs: 6n }));
});

t.test('the ring begins again behind its last slot', async (t) => {
  t.equal(slotOf(1), 0);
  t.equal(slotOf(RING_SLOTS), RING_SLOTS - 1);
  t.equal(slotOf(RING_SLOTS + 1), 0);
});
