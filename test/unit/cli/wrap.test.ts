import t from 'tap';
import { bullet, fold, hang, listed, shorten, visible, wrap, wrapIndented } from '../../../agent/cli/wrap.ts';
import fc from '../../fast-check.ts';

const text = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.constantFrom(' ', '\n', '/a/b'),
    ),
  )
  .map((parts) => parts.join(' '));
const words = (lines: string): readonly string[] => lines.split(/\s+/).filter((word) => word !== '');

t.test('breaks at blanks and loses no word', async (t) => {
  t.strictSame(wrap('one two three', 7), ['one two', 'three']);
  t.strictSame(wrap('one  two\nthree', 80), ['one two three']);
  t.strictSame(wrap('', 80), []);
  t.strictSame(wrap('a /very/long/word b', 6), ['a', '/very/long/word', 'b']);
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 100 }), (given, width) => {
      const lines = wrap(given, width);
      if (words(lines.join(' ')).join(' ') !== words(given).join(' ')) throw new Error('the same words');
      if (lines.some((line) => line.length > width && line.includes(' ')))
        throw new Error('too long, and not one word');
    }),
  );
});

t.test('folds what is too long for a line, and loses no character', async (t) => {
  t.strictSame(fold('see /aaaa/bbbb/cccc/dddd', 12), ['see', '/aaaa/bbbb/', 'cccc/dddd']);
  t.strictSame(fold('x'.repeat(25), 10), ['xxxxxxxxxx', 'xxxxxxxxxx', 'xxxxx']);
  t.strictSame(fold('a\u001b[2J b', 80), ['a\\u001b[2J b'], 'and nothing acts upon the terminal');
  t.strictSame(fold(`${'a'.repeat(9)}😀b`, 10), ['aaaaaaaaa', '😀b'], 'no half of a character');
  fc.assert(
    fc.property(text, fc.integer({ min: 5, max: 100 }), (given, width) => {
      const lines = fold(given, width);
      if (lines.some((line) => line.length > width)) throw new Error('too long');
      const expected = words(given).map(visible).join('');
      if (lines.join('').replaceAll(' ', '') !== expected) throw new Error('the same characters');
    }),
  );
});

t.test('a paragraph keeps its place beside its bullet or title', async (t) => {
  t.strictSame(bullet('one two three four five six', 24), ['  · one two three four', '    five six']);
  t.strictSame(hang('Frozen:  ', '/a, /b', 80), ['Frozen:  /a, /b']);
  t.strictSame(wrapIndented('one two', 4, 80), ['    one two']);
  t.strictSame(bullet('one two three', 3), ['  · one two three'], 'a terminal that narrow is nobody’s');
});

t.test('nothing that a terminal would act upon gets through', async (t) => {
  t.equal(visible('/mnt/\u001b[2J\u0007x'), '/mnt/\\u001b[2J\\u0007x');
  t.equal(visible('a\nb\tc\r\u007f\u0085'), 'a\\u000ab\\u0009c\\u000d\\u007f\\u0085');
  t.equal(visible('abc\u202egpj.exe'), 'abc\\u202egpj.exe', 'nor what turns the line around');
  t.equal(visible('/données/日本/👩‍👩‍👧'), '/données/日本/👩‍👩‍👧', 'and what people call things stays');
});

t.test('shortens in the middle', async (t) => {
  t.equal(shorten('/var/lib/mysql', 14), '/var/lib/mysql');
  t.equal(shorten('/var/lib/mysql', 9), '/var…ysql');
  t.equal(shorten('/var/lib/mysql', 10), '/var/…ysql');
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 80 }), (given, width) => shorten(given, width).length <= width),
  );
});

t.test('lists some, and counts the others', async (t) => {
  t.equal(listed([], 2), '');
  t.equal(listed(['a', 'b', 'c'], 2), 'a, b, c', 'one is not worth hiding');
  t.equal(listed(['a', 'b', 'c', 'd'], 2), 'a, b and 2 others');
});
