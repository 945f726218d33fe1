/** SQLite on Windows, with its real client: paths of Windows lead to files of this machine. */
import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { localSystem } from '../../../agent/system/local.ts';
import type { System } from '../../../agent/system/system.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { mayWrite } from '../../fixtures/may-write.ts';
import { ADMINISTRATORS, descriptor, FULL, SYSTEM, USERS } from '../system/descriptors.ts';

const MAIN_FILE = join(import.meta.dirname, '../../../agent/main.ts');
const LIMIT = AbortSignal.timeout(120_000);
const OURS = [SYSTEM, ADMINISTRATORS].map((who) => ({ who, rights: FULL }));

/** `C:\app\app.db`, in a folder that these may do something with. */
async function sceneOf(t: Test, folderAccess: Buffer) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'quiesced-sqlite-')));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const here = localSystem();
  const real = (path: string) => (path.startsWith('C:\\') ? join(folder, path.slice(3).replaceAll('\\', '-')) : path);
  const file = real('C:\\app\\app.db');
  new DatabaseSync(file).exec('CREATE TABLE numbered (n INTEGER)');
  const system: System = {
    ...here,
    platform: 'windows',
    env: {},
    resolve: real,
    stat: (path) => here.stat(real(path)),
    readLink: async () => undefined,
    securityOf: async (path) => (path === 'C:\\app' ? folderAccess : descriptor(SYSTEM, OURS)),
  };
  const { config } = await load({ [MAIN]: '[quiescer sqlite]\nlock-wait = 1s\nfiles = C:\\app\\app.db\n' });
  // What is run there has a name that says so.
  const node = join(folder, 'node.exe');
  symlinkSync(process.execPath, node);
  const [quiescer] = await createQuiescers(system, config, [node, MAIN_FILE]);
  if (quiescer === undefined) throw new Error('no quiescer was made');
  return { quiescer, mayWrite: () => mayWrite(file) };
}

t.setTimeout(180_000);

t.test('a file is held, and let go', async (t) => {
  const { quiescer, mayWrite } = await sceneOf(t, descriptor(SYSTEM, OURS));
  t.teardown(() => quiescer.release(LIMIT));
  t.match(await quiescer.detect(LIMIT), { missing: [], folders: ['C:\\app'] });
  await quiescer.hold(LIMIT);
  t.strictSame(quiescer.folders, ['C:\\app']);
  t.notOk(mayWrite());
  await quiescer.verify(LIMIT);
  await quiescer.release(LIMIT);
  t.ok(mayWrite());
});

t.test('one is not opened where others may put something beside it', async (t) => {
  const { quiescer } = await sceneOf(t, descriptor(SYSTEM, [...OURS, { who: USERS, rights: 0x2 }]));
  await t.rejects(quiescer.hold(LIMIT), {
    code: 'quiescer.missing',
    message: /must not open its file C:\\app\\app\.db: C:\\app may be changed by Users/,
    remedy: /LocalSystem: icacls "C:\\app".*\[scripts\]/,
  });
  await quiescer.release(LIMIT);
});
