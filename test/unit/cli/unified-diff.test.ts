import t from 'tap';
import { unifiedDiff } from '../../../agent/cli/unified-diff.ts';
import { array, assert, constantFrom, property, tuple } from '../../fast-check.ts';

const text = tuple(array(constantFrom('a', 'b', 'c', '', 'long'), { maxLength: 30 }), constantFrom('', '\n')).map(
  ([lines, end]) => lines.join('\n') + end,
);

/** As patch(1) does it. */
function patched(before: string, diff: readonly string[]): string {
  const source = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const result: string[] = [];
  let at = 0;
  for (const [index, line] of diff.entries()) {
    const [, start, count] = /^@@ -(\d+),(\d+) /.exec(line) ?? [];
    if (start !== undefined) {
      const from = count === '0' ? Number(start) : Number(start) - 1;
      result.push(...source.slice(at, from));
      at = from;
    }
    if (index < 2 || !/^[ +-]/.test(line)) continue;
    const text = line.slice(1) + (diff[index + 1]?.startsWith('\\') ? '' : '\n');
    if (!line.startsWith('+') && source[at++] !== text) throw new Error(`does not apply: ${line}`);
    if (!line.startsWith('-')) result.push(text);
  }
  return [...result, ...source.slice(at)].join('');
}

t.test('one text and the diff give the other', async (t) => {
  assert(
    property(text, text, (before, after) => {
      const diff = unifiedDiff('/f', before, after);
      return before === after ? diff.length === 0 : patched(before, diff) === after;
    }),
  );
  t.pass();
});

t.test('by example', async (t) => {
  const lines = (...numbers: readonly number[]) => numbers.map((number) => `${number}\n`).join('');
  t.strictSame(unifiedDiff('/f', lines(1, 2, 3, 4, 5, 6, 7, 8, 9), lines(1, 2, 3, 4, 50, 6, 7, 8, 9)), [
    '--- /f',
    '+++ /f',
    '@@ -2,7 +2,7 @@',
    ' 2',
    ' 3',
    ' 4',
    '-5',
    '+50',
    ' 6',
    ' 7',
    ' 8',
  ]);
  t.strictSame(unifiedDiff('/f', undefined, 'a\n'), ['--- /dev/null', '+++ /f', '@@ -0,0 +1,1 @@', '+a']);
  t.strictSame(unifiedDiff('/f', 'a', undefined), [
    '--- /f',
    '+++ /dev/null',
    '@@ -1,1 +0,0 @@',
    '-a',
    '\\ No newline at end of file',
  ]);
  t.strictSame(unifiedDiff('/f', 'a\n', 'a\n'), []);
});

t.test('long texts do not take long, whether little differs or all', async (t) => {
  const many = Array.from({ length: 30_000 }, (_, index) => `line ${index}\n`);
  const startMs = performance.now();
  t.equal(unifiedDiff('/f', many.join(''), [...many.slice(0, 9), 'x\n', ...many.slice(9), 'y\n'].join('')).length, 15);
  unifiedDiff('/f', many.join(''), many.map((line) => `other ${line}`).join(''));
  t.ok(performance.now() - startMs < 30_000);
});
