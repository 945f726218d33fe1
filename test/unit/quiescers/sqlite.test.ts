/** The quiescer of SQLite with its real client; files that are exchanged between the look and the opening. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { runSqliteSession } from '../../../agent/quiescers/sqlite-session.ts';
import { localSystem } from '../../../agent/system/local.ts';
import type { System } from '../../../agent/system/system.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { mayWrite } from '../../fixtures/may-write.ts';

const SELF = [process.execPath, join(import.meta.dirname, '../../../agent/main.ts')];
const LIMIT = AbortSignal.timeout(180_000);
const ROOT = process.geteuid?.() === 0;
const needsRoot = ROOT ? {} : { skip: 'only root can give files to others, and act for them' };

/** A folder of our own, with a database in it. */
function folderOf(t: Test) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'quiesced-sqlite-')));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const make = (name: string) => {
    const database = new DatabaseSync(join(folder, name));
    database.exec('CREATE TABLE numbered (n INTEGER)');
    database.close();
    return join(folder, name);
  };
  return { folder, make };
}

async function created(files: string, system: System = localSystem()) {
  const [quiescer] = await createQuiescers(
    system,
    (await load({ [MAIN]: `[quiescer sqlite]\nlock-wait = 1s\nfiles = ${files}\n` })).config,
    SELF,
  );
  if (quiescer === undefined) throw new Error('no quiescer was made');
  return quiescer;
}

const session = async (file: string, statement: string) => {
  let told = '';
  await runSqliteSession(localSystem(), file, Readable.from([`${statement}\n`]), (text) => {
    told += text;
  });
  return told;
};

t.setTimeout(180_000);

t.test('a client of one file', async (t) => {
  const { make } = folderOf(t);
  t.equal(await session(make('a?b %41#.db'), 'SELECT 1, 2'), '1\t2\n');
});

t.test('a link that was put in the place of the file is not followed', async (t) => {
  const { folder, make } = folderOf(t);
  const [file, other] = [make('app.db'), make('other.db')];
  renameSync(file, join(folder, 'away.db'));
  symlinkSync(other, file);
  await t.rejects(session(file, 'SELECT 1'), { code: 'sqlite.exchanged' });
});

t.test('nor is anything made where a link leads nowhere', async (t) => {
  const { folder } = folderOf(t);
  symlinkSync(join(folder, 'new.db'), join(folder, 'app.db'));
  await t.rejects(session(join(folder, 'app.db'), 'SELECT 1'));
  t.notOk(existsSync(join(folder, 'new.db')));
});

t.test('nor is a file opened that somebody else has put there', needsRoot, async (t) => {
  const { make } = folderOf(t);
  const file = make('app.db');
  chownSync(file, 65534, 65534);
  await t.rejects(session(file, 'SELECT 1'), { code: 'sqlite.exchanged' });
});

t.test('a link of the configuration is held where it leads, and once', needsRoot, async (t) => {
  const { folder, make } = folderOf(t);
  const file = make('app.db');
  const link = join(folder, 'link.db');
  symlinkSync(file, link);
  for (const path of [folder, file]) chownSync(path, 65534, 65534);
  const quiescer = await created(`${link}, ${file}`);
  t.teardown(() => quiescer.release(LIMIT));
  await quiescer.hold(LIMIT);
  t.strictSame(quiescer.folders, [folder]);
  t.notOk(mayWrite(file));
  await quiescer.verify(LIMIT);
  await quiescer.release(LIMIT);
  t.ok(mayWrite(file));
});

t.test("one of root's is opened only where nobody else can put anything beside it", needsRoot, async (t) => {
  const { folder, make } = folderOf(t);
  const file = make('app.db');
  chmodSync(folder, 0o777);
  const quiescer = await created(file);
  t.match((await quiescer.detect(LIMIT)).missing, [
    { what: /root must not open its file .*writable/, remedy: /chmod/ },
  ]);
  await t.rejects(quiescer.hold(LIMIT), { code: 'quiescer.missing' });
  await quiescer.release(LIMIT);
});

t.test('what is no file is not made', async (t) => {
  const { folder } = folderOf(t);
  writeFileSync(join(folder, 'here'), '');
  const quiescer = await created(join(folder, 'app.db'));
  t.match((await quiescer.detect(LIMIT)).missing, [{ what: /app\.db is no file/ }]);
  await t.rejects(quiescer.hold(LIMIT), { code: 'quiescer.missing' });
  t.notOk(existsSync(join(folder, 'app.db')));
});
