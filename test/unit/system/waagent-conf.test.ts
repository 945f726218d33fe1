import t from 'tap';
import { parseWaagentConf, switchOf, updatesItself } from '../../../agent/system/waagent-conf.ts';
import { array, assert, constantFrom, oneof, property, string, stringMatching, tuple } from '../../fast-check.ts';

const values = (text: string) => Object.fromEntries(parseWaagentConf(text).values);
const problems = (text: string) => parseWaagentConf(text).oddities.map(({ line, problem }) => `${line} ${problem}`);

t.test('by the rules of the agent', async (t) => {
  const cases: readonly (readonly [string, string, Record<string, string>, readonly string[]])[] = [
    ['nothing', '', {}, []],
    ['a comment', '# a=b', {}, []],
    ['no equals sign', 'Extensions.Enabled', {}, []],
    ['blanks and quotes', 'a = "b c" ', { a: 'b c' }, []],
    ['the first equals sign splits', 'a=b=c', { a: 'b=c' }, []],
    ['None is unset', 'a=x\na=None', {}, ['2 duplicate']],
    ['the last one wins', 'a=x\na=y', { a: 'y' }, ['2 duplicate']],
    ['keys are case-sensitive', 'a=x\nA=y', { a: 'x', A: 'y' }, []],
    ['a comment behind a value', 'a=x # why', { a: 'x' }, ['1 inline-comment']],
    ['a comment that is indented is a key', ' # a=x', { '# a': 'x' }, ['1 indented-comment']],
    ['a switch that is none', 'Extensions.Enabled=yes', { 'Extensions.Enabled': 'yes' }, ['1 not-a-switch']],
    ['a switch in capitals', 'Extensions.Enabled=Y', { 'Extensions.Enabled': 'Y' }, []],
    ['a switch that is unset', 'Extensions.Enabled=None', {}, []],
    ['CRLF', 'a=x\r\n', { a: 'x' }, ['1 carriage-return']],
  ];
  for (const [name, text, wanted, odd] of cases) {
    t.strictSame(values(text), wanted, name);
    t.strictSame(problems(text), odd, name);
  }
});

t.test('switches', async (t) => {
  for (const [text, enabled] of [
    ['', true],
    ['Extensions.Enabled=n', false],
    ['Extensions.Enabled=N', false],
    ['Extensions.Enabled=no', true],
    ['Extensions.Enabled=n # for now', false],
    ['#Extensions.Enabled=n', true],
    ['Extensions.Enabled=n\nExtensions.Enabled=y', true],
  ] as const) {
    t.equal(switchOf(parseWaagentConf(text), 'Extensions.Enabled'), enabled, text);
  }
  for (const [text, updates] of [
    ['', true],
    ['AutoUpdate.Enabled=n', false],
    ['AutoUpdate.Enabled=n\nAutoUpdate.UpdateToLatestVersion=y', true],
    ['AutoUpdate.Enabled=y\nAutoUpdate.UpdateToLatestVersion=n', false],
    ['AutoUpdate.Enabled=n\nAutoUpdate.UpdateToLatestVersion=None', false],
  ] as const) {
    t.equal(updatesItself(parseWaagentConf(text)), updates, text);
  }
});

t.test('any text has a reading', async (t) => {
  const line = oneof(
    string(),
    tuple(stringMatching(/^[A-Za-z.# ]*$/), constantFrom('=', ' = ', '==', ''), string()).map((parts) =>
      parts.join(''),
    ),
  );
  assert(
    property(array(line), (lines) => {
      const text = lines.join('\n');
      const { values, oddities } = parseWaagentConf(text);
      return (
        [...values].every(([key, value]) => key === key.trim() && value === value.trim() && value !== 'None') &&
        oddities.every(({ line }) => line >= 1 && line <= text.split('\n').length)
      );
    }),
  );
  t.pass('total');
});

t.test('a long line does not take long', async (t) => {
  const startMs = performance.now();
  parseWaagentConf(`a=${'" '.repeat(200_000)}x${'" '.repeat(200_000)}y`);
  t.ok(performance.now() - startMs < 20_000);
});
