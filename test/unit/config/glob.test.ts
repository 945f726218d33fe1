import t from 'tap';
import { matchesGlob } from '../../../agent/config/glob.ts';
import fc from '../../fast-check.ts';

t.test('stars, question marks, and everything else for itself', async (t) => {
  const yes = [
    'fs.* fs.space',
    '* ',
    '* /a/b',
    '/mnt/* /mnt/',
    'n?t.* net.dns',
    '**a** bab',
    'a*b*c aXbYbZc',
    '* *',
    ' ',
  ];
  const no = ['fs.* fs', '? ', 'a.c abc', '[a] a', 'a*b a', '*b abc', 'a*a a', '?? x', 'FS fs', 'a a\n'];
  const pairs = (rows: readonly string[]) =>
    rows.map((row) => [row.slice(0, row.indexOf(' ')), row.slice(row.indexOf(' ') + 1)]);
  for (const [pattern = '', text = ''] of pairs(yes)) t.ok(matchesGlob(pattern, text), `${pattern} is ${text}`);
  for (const [pattern = '', text = ''] of pairs(no)) t.notOk(matchesGlob(pattern, text), `${pattern} is not ${text}`);
});

t.test('says what a regular expression would say', async (t) => {
  const part = fc.constantFrom('a', 'b', '*', '?', '.', '/');
  const asPattern = (glob: string) =>
    new RegExp(
      `^${[...glob].map((each) => (each === '*' ? '.*' : each === '?' ? '.' : RegExp.escape(each))).join('')}$`,
      's',
    );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.array(part, { maxLength: 12 }), (glob, text) => {
      const [pattern, given] = [glob.join(''), text.join('')];
      return matchesGlob(pattern, given) === asPattern(pattern).test(given);
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

t.test('no pattern takes long, and none is too large', async (t) => {
  const text = `${'a'.repeat(4000)}b`;
  for (const pattern of [`${'*a'.repeat(2000)}c`, `${'*'.repeat(8000)}c`, '?'.repeat(100_000), 'x'.repeat(100_000)]) {
    const beganMs = performance.now();
    t.notOk(matchesGlob(pattern, text));
    t.ok(performance.now() - beganMs < 20_000);
  }
});
