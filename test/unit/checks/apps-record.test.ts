import t from 'tap';
import { judgeOwed, owedIn, provenRuns } from '../../../agent/checks/apps-record.ts';
import { anything, assert, json, oneof, property, string } from '../../fast-check.ts';

const file = (runs: unknown): string => JSON.stringify({ schema: 1, runs });
const run = { id: 'i', kind: 'hold', taker: 'none', startedAt: '2026-11-20T02:00:00Z' };

t.test('what a record says', async (t) => {
  t.strictSame(owedIn(undefined), [], 'there is none');
  t.strictSame(owedIn(file([])), []);
  t.strictSame(owedIn(file([{ bootId: 'b', run, phases: {} }])), [], 'all was left');
  t.match(owedIn(file([{ bootId: 'b', run, phases: { prepare: ['?'] } }])), [/the hold of 2026.* owes: post scripts$/]);
  t.match(owedIn(file([{ run, phases: { prepare: [], quiesce: {} } }, { phases: { quiesce: 1 } }])), [
    /post scripts, applications/,
    /the run of an unknown time/,
  ]);
  for (const text of ['', '{', '[]', '{}', '{"runs": 1}', file([1]), file([{ run }])]) {
    t.equal(owedIn(text), undefined, `not understood: ${text}`);
  }
});

t.test('a record that is not understood is never taken for nothing', async (t) => {
  assert(
    property(oneof(string({ unit: 'binary' }), json()), (text) => {
      const owed = owedIn(text);
      return owed === undefined || Array.isArray((JSON.parse(text) as { runs: unknown }).runs);
    }),
  );
  t.equal(judgeOwed({ owed: undefined, atWork: false }, 'cat it').verdict, 'fail');
  t.equal(judgeOwed({ owed: undefined, atWork: true }, 'cat it').verdict, 'fail', 'also while a run is at work');
});

t.test('any history: what it proves has a time', async (t) => {
  const line = oneof(
    string({ unit: 'binary' }),
    json(),
    anything().map((value) => JSON.stringify(value) ?? ''),
  );
  assert(property(line, (text) => provenRuns(text).every(({ startedAtMs }) => !Number.isNaN(startedAtMs))));
  const good = { kind: 'snapshot', startedAt: '2026-11-20T02:00:00Z', faults: [], consistency: 'file-system' };
  t.strictSame(provenRuns(`nonsense\n${JSON.stringify(good)}\n{}\n`), [
    { kind: 'snapshot', startedAtMs: Date.parse(good.startedAt) },
  ]);
  for (const change of [{ kind: 'hold' }, { startedAt: 'soon' }, { faults: undefined }, { consistency: 'none' }]) {
    t.strictSame(provenRuns(JSON.stringify({ ...good, ...change })), [], JSON.stringify(change));
  }
});

t.test('a run whose kind and time are no texts still owes', async (t) => {
  const run = { id: 'x', kind: { toString: null }, startedAt: [] };
  t.strictSame(owedIn(JSON.stringify({ runs: [{ run, phases: { quiesce: [] } }] })), [
    'the run of an unknown time still owes: applications that are held',
  ]);
});
