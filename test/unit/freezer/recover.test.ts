import { closeSync, existsSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openFreezeJournal, readFreezeJournal } from '../../../agent/freezer/journal.ts';
import { deviceLookup } from '../../../agent/freezer/open.ts';
import { recoverFreeze } from '../../../agent/freezer/recover.ts';
import { EINVAL, EIO, type Errno } from '../../../agent/system/native.ts';
import { fakeLibc } from '../../fakes/libc.ts';
import { type Teardown, temporaryFolder } from './rig.ts';

/** The record of a dead process: its file system is a plain folder, and the kernel that would thaw it a fake. */
function rigOf(t: Teardown, differs: { readonly id?: string; readonly expedited?: true } = {}) {
  const folder = temporaryFolder(t);
  const fd = openSync(folder, 'r');
  const id = deviceLookup()(fd) ?? '';
  closeSync(fd);
  const journalPath = join(folder, 'freeze.jsonl');
  const journal = openFreezeJournal(journalPath, 'boot-1');
  journal.intend([{ id: differs.id ?? id, mountPoint: folder, mountPoints: [folder] }]);
  if (differs.expedited) journal.expedited();
  journal.close();
  return { folder, id, journalPath };
}

/** Whatever descriptor it is asked to thaw. */
function kernel(answer: Errno | Error | 'hangs') {
  const thawed: number[] = [];
  const thaw = (fd: number): Promise<Errno> => {
    thawed.push(fd);
    if (answer === 'hangs') return new Promise(() => undefined);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { libc: { ...fakeLibc(), thaw }, thawed };
}

/** The caller has the lock. */
const DEAD = { ownerIsDead: true };

const events: string[] = [];
const expediter = () => ({ raise: () => true, restore: () => void events.push('restore'), close: () => undefined });
const openFiles = (): number => readdirSync('/proc/self/fd').length;

t.test('without a record there is nothing to do', async (t) => {
  const { libc, thawed } = kernel(0);
  const path = join(temporaryFolder(t), 'freeze.jsonl');
  t.strictSame(await recoverFreeze(path, 'boot-1', libc, DEAD), { thawed: [], owed: [] });
  t.strictSame(thawed, []);
});

t.test('thaws what is owed, and forgets the record', async (t) => {
  const { folder, journalPath } = rigOf(t);
  const { libc, thawed } = kernel(0);
  const before = openFiles();
  t.strictSame(await recoverFreeze(journalPath, 'boot-1', libc, DEAD), { thawed: [folder], owed: [] });
  t.equal(thawed.length, 1);
  t.notOk(existsSync(journalPath));
  t.equal(openFiles(), before);
});

t.test('one that is not frozen any more is settled, but was not thawed by us', async (t) => {
  const { journalPath } = rigOf(t);
  t.strictSame(await recoverFreeze(journalPath, 'boot-1', kernel(EINVAL).libc, DEAD), { thawed: [], owed: [] });
  t.notOk(existsSync(journalPath));
});

t.test('a reboot has thawed everything', async (t) => {
  const { journalPath } = rigOf(t);
  const { libc, thawed } = kernel(0);
  t.strictSame(await recoverFreeze(journalPath, 'boot-2', libc, DEAD), { thawed: [], owed: [] });
  t.strictSame(thawed, []);
  t.notOk(existsSync(journalPath));
});

const FAILURES = {
  'an error': EIO,
  'a call that cannot be made': new Error('no thread'),
  'no answer': 'hangs',
} as const;

for (const [what, answer] of Object.entries(FAILURES)) {
  t.test(`what could not be thawed stays owed: ${what}`, async (t) => {
    const { folder, journalPath } = rigOf(t);
    const { thawed, owed } = await recoverFreeze(journalPath, 'boot-1', kernel(answer).libc, DEAD);
    t.strictSame(thawed, []);
    t.match(owed, [{ mountPoint: folder, message: answer === 'hangs' ? /does not answer/ : 'EIO' }]);
    t.equal(readFreezeJournal(journalPath)?.fileSystems.length, 1);
  });
}

t.test('never thaws another file system that is mounted there now', async (t) => {
  const { folder, journalPath } = rigOf(t, { id: '8:200' });
  const { libc, thawed } = kernel(0);
  const { owed } = await recoverFreeze(journalPath, 'boot-1', libc, DEAD);
  t.match(owed, [{ mountPoint: folder, message: /another file system/ }]);
  t.strictSame(thawed, []);
});

t.test('in a test, only what the test named', async (t) => {
  const { id, journalPath } = rigOf(t);
  const { libc, thawed } = kernel(0);
  await t.rejects(recoverFreeze(journalPath, 'boot-1', libc, { ...DEAD, testDevices: [] }), { code: 'test.device' });
  t.strictSame(thawed, []);
  t.equal((await recoverFreeze(journalPath, 'boot-1', libc, { ...DEAD, testDevices: [id] })).thawed.length, 1);
});

t.test('puts the expediting back', async (t) => {
  const { journalPath } = rigOf(t, { expedited: true });
  await recoverFreeze(journalPath, 'boot-1', kernel(0).libc, { ...DEAD, expediter });
  t.strictSame(events, ['restore']);
});

t.test('a record whose owner may be alive is not touched', async (t) => {
  const { folder, journalPath } = rigOf(t);
  const { libc } = kernel(EINVAL);
  t.strictSame(await recoverFreeze(journalPath, 'boot-1', libc, { ownerIsDead: false }), { thawed: [], owed: [] });
  t.strictSame(
    readFreezeJournal(journalPath)?.fileSystems.map(({ mountPoint }) => mountPoint),
    [folder],
  );
});

t.test('a record that cannot be read is never taken for none', async (t) => {
  const { journalPath } = rigOf(t);
  for (const garbage of ['\u0000\u0001garbage', '{"intend":5}', '[]', '{"other":1}', 'null', '7']) {
    writeFileSync(journalPath, `${garbage}\n`);
    const { libc, thawed } = kernel(0);
    await t.rejects(recoverFreeze(journalPath, 'boot-1', libc, DEAD), { code: 'journal.broken', remedy: /fsfreeze/ });
    t.strictSame(thawed, []);
    t.ok(existsSync(journalPath), garbage);
  }
});
