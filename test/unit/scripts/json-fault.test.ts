import t from 'tap';
import { jsonFault } from '../../../agent/scripts/json-fault.ts';
import fc from '../../fast-check.ts';

const CASES: Readonly<Record<string, readonly [text: string, line: number, column: number, expected: RegExp]>> = {
  'an empty file': ['', 1, 1, /a value/],
  'a forgotten comma': ['{\n  "a": 1\n  "b": 2\n}', 3, 3, /a comma or }/],
  'a comma too many': ['{\n  "a": 1,\n}', 3, 1, /a name in double quotes/],
  'a name without quotes': ['{ a: 1 }', 1, 3, /a name in double quotes/],
  'single quotes': ['{\n "a": \'x\' }', 2, 7, /a value/],
  'a forgotten quote': ['{\n "a": "x,\n "b": 2 }', 2, 7, /a closing quote/],
  'a bare path of Windows': ['["C:\\x"]', 1, 5, /a valid escape/],
  'a comment': ['{ // why\n}', 1, 3, /a name in double quotes/],
  'a forgotten bracket': ['{"a": [1, 2}', 1, 12, /a comma or ]/],
  'more than one value': ['{}\n{}', 2, 1, /the end of the file/],
  'no colon': ['{"a" 1}', 1, 6, /a colon/],
  'a cut file': ['{"a": tru', 1, 7, /a value/],
  'a number with a leading zero': ['[012]', 1, 3, /a comma or ]/],
};

t.test('the first fault of a text', async (t) => {
  for (const [name, [text, line, column, expected]] of Object.entries(CASES)) {
    const fault = jsonFault(text);
    t.match(fault, { line, column, expected }, name);
  }
});

t.test('a text has a fault exactly when JSON.parse refuses it', async (t) => {
  const parses = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const noise = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ \n\t\r0123eE+-.truefalsnxu\u0000\u2028ä') });
  const ofNoise = fc.property(noise, (text) => (jsonFault(text) === undefined) === parses(text));
  t.doesNotThrow(() => fc.assert(ofNoise, { numRuns: 5000 }));
  const broken = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', '\\', '\n', 'x'));
  const ofBroken = fc.property(broken, ([text, at, put]) => {
    const where = at % (text.length + 1);
    const damaged = text.slice(0, where) + put + text.slice(where + 1);
    return (jsonFault(damaged) === undefined) === parses(damaged);
  });
  t.doesNotThrow(() => fc.assert(ofBroken, { numRuns: 5000 }));
  t.equal(jsonFault('['.repeat(1e6))?.expected, 'less nesting', 'however deep it is');
});
