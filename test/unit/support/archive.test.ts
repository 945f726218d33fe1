import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { beginArchive } from '../../../agent/support/archive.ts';
import { type FakeProgram, fakeSystem } from '../../fakes/system.ts';

const machine = (tar: FakeProgram = {}) => {
  const system = fakeSystem({ files: { '/out/other': '' }, programs: { tar, rm: {} } });
  t.teardown(system.cleanUp);
  return system;
};
const FILES = [{ name: 'logs/a.txt', text: 'a\n' }];

t.test('a file that is there stays, whenever it comes', async (t) => {
  const system = machine();
  t.throws(() => beginArchive(system, '/out/other'), { code: 'support.exists' });
  const archive = beginArchive(system, '/out/b.tar.gz');
  writeFileSync(join(system.root, 'out/b.tar.gz'), 'mine');
  await t.rejects(archive.finish('b', FILES), { code: 'support.exists' });
  t.equal(await system.readText('/out/b.tar.gz'), 'mine');
});

t.test('a place that cannot be written to is told before any work is done', async (t) => {
  const system = machine();
  t.throws(() => beginArchive(system, '/nowhere/b.tar.gz'), { code: 'support.unwritable', message: /ENOENT/ });
  t.throws(() => beginArchive(system, '/out/other/b.tar.gz'), { code: 'support.unwritable', message: /ENOTDIR/ });
});

t.test('packed from memory, and what was packed from is removed', async (t) => {
  let staged: readonly string[] = [];
  const system = machine(async (argv) => {
    const stage = argv[argv.indexOf('--directory') + 1] ?? '';
    staged = readdirSync(stage, { recursive: true }).map(String).sort();
    writeFileSync(argv[argv.indexOf('--file') + 1] ?? '', 'packed');
    return {};
  });
  const archive = beginArchive(system, '/out/b.tar.gz');
  const [partial = ''] = (await system.list('/out')) ?? [];
  // Somebody who may write to the folder puts another file in its place.
  writeFileSync(join(system.root, 'etc-shadow'), 'precious');
  renameSync(join(system.root, 'out', partial), join(system.root, 'out/moved'));
  symlinkSync(join(system.root, 'etc-shadow'), join(system.root, 'out', partial));
  t.equal(await archive.finish('b', FILES), 6);
  t.equal(await system.readText('/etc-shadow'), 'precious', 'what we write goes to the file that we made');
  t.strictSame(staged, ['b', 'b/logs', 'b/logs/a.txt']);
  t.equal((await system.stat('/out/moved'))?.mode, 0o600);
  await archive.discard();
  t.match(system.ran.at(-1), ['rm', '-rf', '--', /\/out\/\.b\.tar\.gz\.\d+\.partial$/, /\/run\/quiesced\/support-/]);
});

t.test('a disk that is full is told, and nothing appears', async (t) => {
  const system = machine({ exitCode: 2, stderr: 'tar: b.tar.gz: Wrote only 4096 bytes: No space left on device\n' });
  const archive = beginArchive(system, '/out/b.tar.gz');
  await t.rejects(archive.finish('b', FILES), { code: 'support.unwritable', message: /No space left on device/ });
  t.notOk(existsSync(join(system.root, 'out/b.tar.gz')));
  const hung = machine({ ended: 'timed-out', exitCode: undefined });
  await t.rejects(beginArchive(hung, '/out/b.tar.gz').finish('b', FILES), { message: /tar: timed-out/ });
  mkdirSync(join(hung.root, 'run/quiesced'), { recursive: true });
});
