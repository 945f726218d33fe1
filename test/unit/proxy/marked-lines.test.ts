import t from 'tap';
import { type LineFormat, withOurLines } from '../../../agent/proxy/marked-lines.ts';
import { array, assert, constantFrom, oneof, property, string, tuple } from '../../fast-check.ts';

const KEY_A: LineFormat = { isSetting: (line) => /^a=/.test(line) };
const BEHIND_HEADER: LineFormat = { ...KEY_A, behind: (lines) => lines.indexOf('[main]') };

/** Bytes as characters, with lines that are made to be mistaken for ours. */
const byte = string({ unit: constantFrom('a', '=', '#', ' ', '\r', '"', 'ü', '\u00ff') });
const line = oneof(byte, constantFrom('a=1', 'a=2', 'b=1', '[main]', '# comment', ''));
const text = tuple(array(line), constantFrom('', '\n', '\r\n')).map(([lines, end]) => lines.join('\n') + end);
const mark = constantFrom(
  '# quiesced proxy: from here',
  '# quiesced proxy: from here (no line end before)',
  '# quiesced proxy: from here (no file before)',
  '# quiesced proxy: to here',
  '# quiesced proxy, in place of: a=7',
  '# quiesced proxy, in place of: # quiesced proxy: from here',
);
const ours = constantFrom(['a=9'], ['a=9', 'a=10']);
const format = constantFrom(KEY_A, BEHIND_HEADER);

t.test('taken out again, every byte is back', async (t) => {
  assert(
    property(text, ours, format, (before, lines, how) => {
      const after = withOurLines(before, lines, how);
      return after !== before && withOurLines(after, [], how) === before;
    }),
  );
  assert(
    property(ours, format, (lines, how) => withOurLines(withOurLines(undefined, lines, how), [], how) === undefined),
  );
  t.pass('whatever the text, also where there was none');
});

t.test('a second time nothing changes, whatever stands there', async (t) => {
  const tampered = array(oneof({ arbitrary: line, weight: 3 }, mark)).map((lines) => lines.join('\n'));
  assert(
    property(tampered, ours, ours, format, (before, lines, others, how) => {
      const once = withOurLines(before, lines, how);
      const clean = withOurLines(before, [], how);
      return (
        withOurLines(once, lines, how) === once &&
        withOurLines(clean, [], how) === clean &&
        withOurLines(withOurLines(before, others, how), lines, how) === once
      );
    }),
  );
  t.pass('also over marks that somebody has torn apart');
});

t.test('what others say is not lost, and does not count', async (t) => {
  assert(
    property(text, ours, (before, lines) => {
      const after = withOurLines(before, lines, KEY_A) ?? '';
      const settings = after.split('\n').filter(KEY_A.isSetting);
      const others = (all: string) =>
        all.split('\n').filter((each) => !KEY_A.isSetting(each) && !/^# quiesced/.test(each));
      return settings.join() === lines.join() && others(after).join('\n').startsWith(others(before).join('\n'));
    }),
  );
  t.pass('only ours is set');
});

t.test('by example', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['', '# quiesced proxy: from here\na=9\n# quiesced proxy: to here\n'],
    ['b=1\n', 'b=1\n# quiesced proxy: from here\na=9\n# quiesced proxy: to here\n'],
    ['b=1', 'b=1\n# quiesced proxy: from here (no line end before)\na=9\n# quiesced proxy: to here\n'],
    [
      'a=1\r\nb=1\r\n',
      '# quiesced proxy, in place of: a=1\r\nb=1\r\n# quiesced proxy: from here\na=9\n# quiesced proxy: to here\n',
    ],
  ];
  for (const [before, after] of cases) t.equal(withOurLines(before, ['a=9'], KEY_A), after);
  t.equal(
    withOurLines('[main]\nb=1\n', ['a=9'], BEHIND_HEADER),
    '[main]\n# quiesced proxy: from here\na=9\n# quiesced proxy: to here\nb=1\n',
  );
});

t.test('what was written into our block, or behind it, stays', async (t) => {
  const after = withOurLines('b=1', ['a=9'], KEY_A) ?? '';
  t.equal(withOurLines(`${after}c=1\n`, [], KEY_A), 'b=1\nc=1\n');
  t.equal(withOurLines(after.replace('a=9\n', 'a=9\nc=1\n'), [], KEY_A), 'b=1\nc=1');
  t.equal(withOurLines(after.replace('# quiesced proxy: to here', 'c=1'), [], KEY_A), 'b=1\nc=1\n');
  const made = withOurLines(undefined, ['a=9'], KEY_A) ?? '';
  t.equal(withOurLines(`${made}c=1\n`, [], KEY_A), 'c=1\n', 'a file that others use by now is not removed');
});
