import { deepStrictEqual } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { boundedly } from '../../../agent/system/bounded.ts';
import { askStatfs, parseStatfs, type Usage } from '../../../agent/system/statfs.ts';
import { type FakeProgram, fakeSystem } from '../../fakes/system.ts';
import { array, assert, nat, property, string, stringMatching, tuple } from '../../fast-check.ts';

const ask = async (
  stat: FakeProgram | undefined,
  groups: readonly (readonly string[])[],
  steps?: readonly number[],
) => {
  const fake = fakeSystem(stat === undefined ? {} : { programs: { stat } });
  const times = [...(steps ?? [])];
  const clock = { now: () => new Date(), monotonicMs: () => (steps === undefined ? 0 : (times.shift() ?? 0)) };
  const answers = await askStatfs({ ...fake, clock }, groups);
  fake.cleanUp();
  return { answers, ran: fake.ran };
};
const answering: FakeProgram = async (argv) => ({
  stdout: argv
    .slice(5)
    .map((path) => `4096 9 8 7 6 5 ${path}\n`)
    .join(''),
});
const USAGE: Usage = { blockBytes: 4096, blocks: 9, freeBlocks: 8, availableBlocks: 7, inodes: 6, freeInodes: 5 };

t.test('a program a group', async (t) => {
  const { answers, ran } = await ask(answering, [['/', '/a b'], ['/n']]);
  t.strictSame(
    ran.map((argv) => argv.slice(5)),
    [['/', '/a b'], ['/n']],
  );
  t.strictSame([...answers.keys()], ['/', '/a b', '/n']);
  for (const answer of answers.values()) t.strictSame(answer, { state: 'answered', usage: USAGE });
});

t.test('as few programs as will do', async (t) => {
  const paths = Array.from({ length: 500 }, (_, at) => `/mnt/${at}`);
  const { answers, ran } = await ask(answering, [paths]);
  t.equal(answers.size, 500);
  t.ok(ran.length <= 3, `${ran.length} programs`);
});

t.test('what goes wrong', async (t) => {
  const gone = "stat: cannot read file system information for '/b': Stale file handle\n";
  const half = await ask({ exitCode: 1, stdout: '4096 9 8 7 6 5 /a\n', stderr: gone }, [['/a', '/b']]);
  t.match(half.answers.get('/a'), { state: 'answered' });
  t.strictSame(half.answers.get('/b'), { state: 'failed', reason: 'Stale file handle' });
  const hung = await ask({ ended: 'timed-out', exitCode: undefined }, [['/a']]);
  t.strictSame(hung.answers.get('/a'), { state: 'silent' });
  t.match((await ask(undefined, [['/a']])).answers.get('/a'), { state: 'not-asked', reason: /no program/ });
  t.match((await ask({ exitCode: 1 }, [['/a']])).answers.get('/a'), { state: 'failed', reason: /./ });
});

t.test('who comes too late is not asked', async (t) => {
  const { answers, ran } = await ask(answering, [['/a'], ['/b']], [0, 0, 2100]);
  t.match(answers.get('/a'), { state: 'answered' });
  t.match(answers.get('/b'), { state: 'not-asked', reason: /too many/ });
  t.equal(ran.length, 1);
});

t.test('what stat prints is read as it was', async () => {
  const path = stringMatching(/^\/[^\n]{0,20}$/);
  const usages = array(tuple(nat(), nat(), nat(), nat(), nat(), nat(), path), { maxLength: 20 });
  assert(
    property(usages, (lines) => {
      const found = parseStatfs(lines.map((line) => `${line.join(' ')}\n`).join(''));
      deepStrictEqual(new Set(found.keys()), new Set(lines.map((line) => line[6])));
      for (const line of lines.slice(-1)) deepStrictEqual(found.get(line[6])?.freeInodes, line[5]);
    }),
  );
  assert(property(string(), (text) => parseStatfs(text).size <= text.split('\n').length));
});

t.test('no more at once than allowed, and all in their order', async (t) => {
  let now = 0;
  let most = 0;
  const doubled = await boundedly(3, [5, 1, 4, 2, 3, 0], async (item) => {
    now += 1;
    most = Math.max(most, now);
    await sleep(item);
    now -= 1;
    return item * 2;
  });
  t.strictSame(doubled, [10, 2, 8, 4, 6, 0]);
  t.equal(most, 3);
  t.strictSame(await boundedly(3, [], async () => 1), []);
  await t.rejects(
    boundedly(2, [1, 2], async () => {
      throw new Error('so');
    }),
    'so',
  );
});
