import t from 'tap';
import { MAX_JSON_DEPTH, parseJson } from '../../../agent/system/json.ts';

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

t.test('whatever is read can be written again', async (t) => {
  const deepest = nested(MAX_JSON_DEPTH);
  t.equal(JSON.stringify(parseJson(deepest)), deepest);
  for (const levels of [MAX_JSON_DEPTH + 1, 100_000]) {
    t.throws(() => parseJson(nested(levels)), { name: 'SyntaxError', message: /nested deeper than 500 levels/ });
  }
});

t.test('what is long is not deep for that', async (t) => {
  t.equal((parseJson(`[${'[],'.repeat(5000)}{}]`) as unknown[]).length, 5001);
});
