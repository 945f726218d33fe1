import { statSync } from 'node:fs';
import t from 'tap';
import { Journal, owedPath, type RunRecord, readOwed } from '../../../agent/snapshot/journal.ts';
import { fakeSystem } from '../../fakes/system.ts';

const runOf = (id: string): RunRecord => ({ id, kind: 'hold', taker: 'hold', startedAt: '2026-03-01T03:00:00.000Z' });
const PATH = '/var/lib/quiesced/owed.json';

function systemOf(t: { teardown(last: () => void): unknown }, text?: string) {
  const system = fakeSystem(text === undefined ? {} : { files: { [PATH]: text } });
  t.teardown(() => system.cleanUp());
  return system;
}

t.test('from the beginning of a run until its end there is a record of it', async (t) => {
  const system = systemOf(t);
  t.strictSame(await readOwed(system), []);
  const journal = await Journal.begin(system, 'boot-1', runOf('a'));
  t.strictSame(await readOwed(system), [{ bootId: 'boot-1', run: runOf('a'), phases: {} }]);
  t.equal(statSync(system.resolve(PATH)).mode & 0o777, 0o600);
  t.equal(statSync(system.resolve('/var/lib/quiesced')).mode & 0o777, 0o700);
  await journal.end();
  t.equal(await system.readText(owedPath(system)), undefined, 'nothing is owed, so there is no file');
  await journal.end();
});

t.test('each debt is on disk when the call returns, and gone when it is paid', async (t) => {
  const system = systemOf(t);
  const journal = await Journal.begin(system, 'boot-1', runOf('a'));
  const phases = async () => (await readOwed(system))[0]?.phases;
  await journal.owe('prepare', [{ script: 'x' }]);
  await journal.owe('quiesce', { id: 'mysql' });
  t.strictSame(await phases(), { prepare: [{ script: 'x' }], quiesce: { id: 'mysql' } });
  await journal.owe('prepare', [{ script: 'y' }]);
  t.strictSame(await phases(), { quiesce: { id: 'mysql' }, prepare: [{ script: 'y' }] });
  await journal.owe('quiesce', undefined);
  t.strictSame(await phases(), { prepare: [{ script: 'y' }] });
  t.strictSame(journal.owed.phases, { prepare: [{ script: 'y' }] });
  await journal.end();
  t.strictSame(await phases(), { prepare: [{ script: 'y' }] }, 'what is owed at the end stays owed');
});

t.test('what an earlier run owes is not forgotten for the next one', async (t) => {
  const system = systemOf(t);
  const first = await Journal.begin(system, 'boot-1', runOf('a'));
  await first.owe('prepare', 'a');
  await first.end();
  const second = await Journal.begin(system, 'boot-1', runOf('b'));
  await second.owe('prepare', 'b');
  const ids = async () => (await readOwed(system)).map(({ run }) => run.id);
  t.strictSame(await ids(), ['a', 'b'], 'oldest first');
  await second.owe('prepare', undefined);
  await second.end();
  t.strictSame(await ids(), ['a']);
});

t.test('who takes a record over settles it, and leaves the others as they are', async (t) => {
  const system = systemOf(t);
  for (const id of ['a', 'b']) {
    const journal = await Journal.begin(system, 'boot-1', runOf(id));
    await journal.owe('prepare', id);
    await journal.end();
  }
  const [a, b] = await readOwed(system);
  if (a === undefined || b === undefined) throw new Error('two runs owe something');
  const journal = await Journal.resume(system, a);
  t.strictSame(journal.owed, a);
  await journal.owe('prepare', undefined);
  await journal.end();
  t.strictSame(await readOwed(system), [b]);
  const last = await Journal.resume(system, b);
  await last.owe('prepare', undefined);
  await last.end();
  t.equal(await system.readText(PATH), undefined);
});

const BROKEN = ['', '{', 'null', '5', '[]', '{}', '{"runs":null}', '{"runs":[null]}', '{"runs":[{"run":{"id":1}}]}'];

t.test('a record that cannot be read is an error, never taken for nothing', async (t) => {
  for (const text of BROKEN) {
    const system = systemOf(t, text);
    const says = { code: 'journal.broken', message: /owed\.json cannot be read/, remedy: /then remove it/ };
    await t.rejects(readOwed(system), says, JSON.stringify(text));
    await t.rejects(Journal.begin(system, 'boot-1', runOf('a')), says);
    t.equal(await system.readText(PATH), text, 'and it is left as it is');
  }
});

t.test('a disk that is full refuses the run before it begins', async (t) => {
  const system = systemOf(t);
  const full = { ...system, write: () => Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })) };
  await t.rejects(Journal.begin(full, 'boot-1', runOf('a')), {
    code: 'journal.unwritable',
    message: /owed.json cannot be written: ENOSPC/,
    remedy: /room/,
  });
});

t.test('a record that came to be although its writing failed is taken back', async (t) => {
  const system = systemOf(t);
  const failing = {
    ...system,
    async write(path: string, text: string) {
      await system.write(path, text);
      throw new Error('EIO at the fsync of the folder');
    },
  };
  await t.rejects(Journal.begin(failing, 'boot-1', runOf('a')), { code: 'journal.unwritable' });
  t.strictSame(await readOwed(system), [], 'nothing is owed for a run that never was');
});
