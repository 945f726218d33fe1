import { statSync } from 'node:fs';
import t from 'tap';
import { addToHistory, readHistory } from '../../../agent/snapshot/history.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { outcomeOf } from './outcomes.ts';

const PATH = '/var/lib/quiesced/history.jsonl';

function systemOf(t: { teardown(last: () => void): unknown }, text?: string) {
  const system = fakeSystem(text === undefined ? {} : { files: { [PATH]: text } });
  t.teardown(() => system.cleanUp());
  return system;
}

const ids = async (system: ReturnType<typeof systemOf>) => (await readHistory(system)).map(({ id }) => id);

t.test('oldest first, whole, for root alone', async (t) => {
  const system = systemOf(t);
  t.strictSame(await readHistory(system), []);
  const faults = [{ phase: 'freeze' as const, during: 'enter' as const, message: 'a\nb "c" ü' }];
  await addToHistory(system, outcomeOf({ id: 'a', faults }));
  await addToHistory(system, outcomeOf({ id: 'b' }));
  t.strictSame(await readHistory(system), [outcomeOf({ id: 'a', faults }), outcomeOf({ id: 'b' })]);
  t.equal(statSync(system.resolve(PATH)).mode & 0o777, 0o600);
});

t.test('a run that was left in two attempts counts once, by its last word', async (t) => {
  const system = systemOf(t);
  for (const id of ['a', 'b', 'c']) await addToHistory(system, outcomeOf({ id }));
  await addToHistory(system, outcomeOf({ id: 'b', consistency: 'none' }));
  t.strictSame(await ids(system), ['a', 'c', 'b']);
  t.equal((await readHistory(system)).at(-1)?.consistency, 'none');
});

t.test('the oldest go when there are more than a hundred', async (t) => {
  const many = Array.from({ length: 150 }, (_, index) => JSON.stringify(outcomeOf({ id: `run-${index}` })));
  const system = systemOf(t, `${many.join('\n')}\n`);
  await addToHistory(system, outcomeOf({ id: 'last' }));
  const kept = await ids(system);
  t.equal(kept.length, 100);
  t.equal(kept[0], 'run-51');
  t.equal(kept.at(-1), 'last');
});

t.test('lines that cannot be read are left out', async (t) => {
  const good = JSON.stringify(outcomeOf({ id: 'good' }));
  const system = systemOf(t, `{"torn\n\0\0\0\nnull\n5\n[]\n\n${good}\n{"id":`);
  t.strictSame(await ids(system), ['good']);
  await addToHistory(system, outcomeOf({ id: 'next' }));
  t.strictSame(await ids(system), ['good', 'next']);
  const fault = { phase: 'freeze', message: 'late', remedy: { toString: null } };
  const odd = [{ faults: [null] }, { faults: [{ phase: 1 }] }, { faults: [fault] }, { wouldBe: { toString: null } }];
  const lines = odd.map((change) => JSON.stringify({ ...outcomeOf(), ...change })).join('\n');
  t.strictSame(await ids(systemOf(t, lines)), [], 'also when only a part of it is not as we wrote it');
});
