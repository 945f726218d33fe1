import {
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { type Extent, loadExtents, unionOf } from '../../../agent/system/extents.ts';
import { openSparseCopy } from '../../../agent/system/sparse-copy.ts';
import fc from '../../fast-check.ts';

const signal = new AbortController().signal;
const MIB = 1024 * 1024;

function folder(t: { teardown(last: () => void): unknown }): string {
  const made = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(made, { recursive: true }));
  return made;
}

/** Where the file is written to, in MiB; holes between. */
function sparseFile(path: string, sizeMiB: number, dataMiB: readonly number[], fill: number): void {
  writeFileSync(path, '');
  truncateSync(path, sizeMiB * MIB);
  const fd = openSync(path, 'r+');
  for (const at of dataMiB) writeSync(fd, Buffer.alloc(100_000, fill), 0, 100_000, at * MIB);
}

t.test('the copy is the same, and has the same holes', async (t) => {
  const dir = folder(t);
  const [from, to] = [join(dir, 'from'), join(dir, 'to')];
  sparseFile(from, 40, [0, 7, 39], 1);
  const copy = await openSparseCopy(from, to);
  t.teardown(copy.close);
  const bytes = await copy.run(signal);
  t.ok(bytes >= 300_000 && bytes < 2 * MIB, `${bytes} bytes were copied`);
  t.ok(readFileSync(from).equals(readFileSync(to)));
  const { dataOf } = await loadExtents();
  t.strictSame(dataOf(openSync(to, 'r'), 40 * MIB), dataOf(openSync(from, 'r'), 40 * MIB));
});

t.test('a later run brings the copy up to date, also where data has become a hole', async (t) => {
  const dir = folder(t);
  const [from, to] = [join(dir, 'from'), join(dir, 'to')];
  sparseFile(from, 20, [2, 9], 1);
  const copy = await openSparseCopy(from, to);
  t.teardown(copy.close);
  await copy.run(signal);
  truncateSync(from, 0);
  truncateSync(from, 20 * MIB);
  const fd = openSync(from, 'r+');
  writeSync(fd, Buffer.alloc(50_000, 2), 0, 50_000, 15 * MIB);
  await copy.run(signal);
  t.ok(readFileSync(from).equals(readFileSync(to)));
});

t.test('a file without data, and one without holes', async (t) => {
  const dir = folder(t);
  const path = join(dir, 'file');
  const { dataOf } = await loadExtents();
  sparseFile(path, 5, [], 0);
  t.strictSame(dataOf(openSync(path, 'r'), 5 * MIB), []);
  writeFileSync(path, Buffer.alloc(5 * MIB, 1));
  t.strictSame(dataOf(openSync(path, 'r'), 5 * MIB), [{ start: 0, end: 5 * MIB }]);
});

t.test('an abort stops it, and a copy that is closed keeps no file open', async (t) => {
  const dir = folder(t);
  const [from, to] = [join(dir, 'from'), join(dir, 'to')];
  sparseFile(from, 20, [2, 9], 1);
  const before = readdirSync('/proc/self/fd').length;
  const copy = await openSparseCopy(from, to);
  await t.rejects(copy.run(AbortSignal.abort(new Error('too late'))), { message: 'too late' });
  await copy.close();
  await copy.close();
  t.equal(readdirSync('/proc/self/fd').length, before);
  await t.rejects(copy.run(signal));
  await t.rejects(openSparseCopy(from, join(dir, 'missing', 'to')));
  t.equal(readdirSync('/proc/self/fd').length, before);
});

t.test('the union of two lists has each byte of either once', async () => {
  const extents = fc.array(
    fc
      .tuple(fc.nat(60), fc.integer({ min: 1, max: 9 }))
      .map(([start, length]): Extent => ({ start, end: start + length })),
    { maxLength: 8 },
  );
  const bytesOf = (list: readonly Extent[]): number[] =>
    list.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at));
  fc.assert(
    fc.property(extents, extents, (first, second) => {
      const wanted = [...new Set(bytesOf([...first, ...second]))].sort((a, b) => a - b);
      return isDeepStrictEqual(bytesOf(unionOf(first, second)), wanted);
    }),
  );
});
