/** Readers with a bug each, for the test of the fuzzer itself. */
import { UserError } from '../../agent/errors.ts';
import { type FuzzTarget, textTarget } from './target.ts';

const refusal = (code: string): UserError => new UserError(code, 'no');

export const targets: readonly FuzzTarget[] = [
  textTarget('crashes', [], ['{"a":{"b":1}}'], (text) => {
    const value = parsed(text);
    return value?.a.b;
  }),
  textTarget('hangs', [], ['a'], (text) => /^(?:a|a)*$/.test(`${'a'.repeat(40 + (text.length % 2))}!`)),
  textTarget('never-answers', [], ['x'], () => new Promise(() => setInterval(() => undefined, 1000))),
  textTarget('unnamed', [], ['x'], () => {
    throw refusal('');
  }),
  textTarget('later', [], ['x'], () => void setImmediate(() => JSON.parse('{'))),
  textTarget('sound', [], ['x', '{"a":1}'], (text) => {
    if (text.length > 3) throw refusal('too.long');
  }),
];

function parsed(text: string): { a: { b: unknown } } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
