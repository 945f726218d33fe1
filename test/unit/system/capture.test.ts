import t from 'tap';
import { createCapture, lineSplitter } from '../../../agent/system/capture.ts';
import fc from '../../fast-check.ts';

const captured = (chunks: readonly string[], keptBytes: number): string => {
  const capture = createCapture(keptBytes);
  for (const chunk of chunks) capture.add(Buffer.from(chunk));
  return capture.text();
};

t.test('a short output is kept whole', async (t) => {
  t.equal(captured([], 8), '');
  t.equal(captured(['one\n', 'two\n'], 8), 'one\ntwo\n');
  t.equal(captured(['12345678', '12345678'], 8), '1234567812345678', 'up to twice the limit');
});

t.test('of a long one the ends are kept, from a whole word on', async (t) => {
  const text = captured(['begin---', 'x'.repeat(1000), ' secret=word\n', 'the end\n'], 16);
  t.match(text, /^begin---x{8}\n\[… about 997 bytes left out …]\nthe end\n$/);
  t.match(captured(['a'.repeat(100)], 8), /left out …]\n$/, 'no word begins in it');
});

t.test('whatever comes, the size is bounded', async (t) => {
  const property = fc.property(fc.array(fc.string({ maxLength: 300 })), (chunks) => {
    const all = chunks.join('');
    const text = captured(chunks, 64);
    return Buffer.byteLength(all) <= 128 ? text === all : Buffer.byteLength(text) < 128 + 60 + 12;
  });
  t.doesNotThrow(() => fc.assert(property));
});

t.test('lines', async (t) => {
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line));
  const euro = Buffer.from('€\r\n');
  for (const chunk of [Buffer.from('a\nb'), Buffer.from('c\n\n'), euro.subarray(0, 1), euro.subarray(1)]) {
    splitter.add(chunk);
  }
  t.strictSame(lines.splice(0), ['a', 'bc', '', '€']);
  splitter.add(Buffer.from('no end'));
  splitter.end();
  splitter.end();
  t.strictSame(lines.splice(0), ['no end']);
  splitter.add(Buffer.from('x'.repeat(70_000)));
  t.equal(lines.length, 1, 'one without an end is not kept waiting for ever');
});
