import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { localClock, localSystem } from '../../../agent/system/local.ts';
import { atEaseWithOomKiller, sparedByOomKiller } from '../../../agent/system/oom.ts';

function folderOf(t: { teardown(last: () => void): unknown }): string {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

t.test('a test that does not say where it may write may write nowhere', async (t) => {
  const path = join(folderOf(t), 'file');
  writeFileSync(path, 'old');
  for (const env of [{ QUIESCED_TEST: '1' }, { QUIESCED_TEST: '1', QUIESCED_TEST_ROOT: '/' }]) {
    const system = localSystem({ env });
    const refused = { code: 'test.no-root', message: /forbids writing/, remedy: /QUIESCED_TEST_ROOT/ };
    await t.rejects(system.write(path, 'new'), refused);
    await t.rejects(system.makeDir(`${path}.d`, 0o700), refused);
    await t.rejects(system.remove(path), refused);
    t.equal(await system.readText(path), 'old', 'reading is free');
  }
  t.notOk(existsSync(`${path}.d`));
  await t.rejects(localSystem({ root: '/', env: { QUIESCED_TEST: '1' } }).write(path, 'x'), { code: 'test.no-root' });
});

t.test('with a root, a test writes there and nowhere else', async (t) => {
  const root = folderOf(t);
  const outside = folderOf(t);
  symlinkSync(outside, join(root, 'out'));
  const system = localSystem({ env: { QUIESCED_TEST: '1', QUIESCED_TEST_ROOT: root } });
  t.equal(system.root, root);
  await system.makeDir('/etc/quiesced', 0o750);
  await system.write('/etc/quiesced/a.conf', 'text', { mode: 0o640 });
  t.equal(readFileSync(join(root, 'etc/quiesced/a.conf'), 'utf8'), 'text');
  t.equal(statSync(join(root, 'etc/quiesced/a.conf')).mode & 0o7777, 0o640);
  await system.makeDir('/out/deep', 0o700);
  await system.write('/out/deep/../file', 'x');
  t.strictSame(
    [existsSync(join(outside, 'deep')), existsSync(join(outside, 'file'))],
    [false, false],
    'no link leads out',
  );
  t.ok(existsSync(join(root, outside, 'deep')));
  await system.remove('/etc/quiesced/a.conf');
  await system.remove('/etc/quiesced/a.conf');
  t.equal(await system.readText('/etc/quiesced/a.conf'), undefined);
});

t.test('an ordinary process writes where it is told', async (t) => {
  const path = join(folderOf(t), 'file');
  await localSystem({ env: {} }).write(path, 'text');
  t.equal(readFileSync(path, 'utf8'), 'text');
});

t.test('the kernel of the machine, or the one of an examined disk', async (t) => {
  const root = folderOf(t);
  mkdirSync(join(root, 'proc'));
  writeFileSync(join(root, 'proc/version'), 'of the disk');
  const disk = localSystem({ root, env: {} });
  t.notOk(disk.live);
  t.equal(await disk.readText('/proc/version'), 'of the disk');
  const live = localSystem({ root, live: true, env: {} });
  t.match(await live.readText('/proc/version'), /^Linux version/);
  t.equal(await live.readText('/proc/../proc/version'), await live.readText('/proc/version'));
  t.equal(live.resolve('/procession'), join(root, 'procession'), 'only those three folders');
  t.ok(localSystem({ env: {} }).live);
});

t.test('what is missing is undefined, what is wrong is an error', async (t) => {
  const root = folderOf(t);
  writeFileSync(join(root, 'file'), 'text');
  mkdirSync(join(root, 'folder'));
  symlinkSync('file', join(root, 'link'));
  symlinkSync('loop', join(root, 'loop'));
  const system = localSystem({ root, env: {} });
  for (const path of ['/absent', '/absent/x', '/file/x']) {
    t.equal(await system.readText(path), undefined);
    t.equal(await system.list(path), undefined);
    t.equal(await system.stat(path), undefined);
    t.equal(await system.readLink(path), undefined);
  }
  t.equal(await system.readLink('/link'), 'file');
  t.equal(await system.readLink('/file'), undefined, 'no link');
  t.equal(await system.readText('/link'), 'text');
  await t.rejects(system.readText('/folder'), { code: 'EISDIR' });
  await t.rejects(async () => system.readText('/loop'), /too many levels/);
  t.equal(await system.stat('/loop'), undefined, 'nothing is at the end of a circle');
  for (const each of [system, localSystem({ env: {} })]) {
    const long = `${each === system ? '' : root}/${'x'.repeat(300)}`;
    const answers = [each.stat(long), each.readText(`${long}/x`), each.list(long), each.readLink(long)];
    for (const answer of await Promise.all(answers)) t.equal(answer, undefined, 'a name that no file can have');
  }
  t.equal(await localSystem({ env: {} }).stat(join(root, 'loop')), undefined);
});

t.test('lists by name, and tells what a path is', async (t) => {
  const root = folderOf(t);
  for (const name of ['b', 'a', 'C']) writeFileSync(join(root, name), 'four', { mode: 0o640 });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
  t.teardown(() => server.close());
  const system = localSystem({ root, env: {} });
  t.strictSame(await system.list('/'), ['C', 'a', 'b', 'socket']);
  const { uid, gid } = statSync(root);
  t.match(await system.stat('/a'), { kind: 'file', mode: 0o640, uid, gid, sizeBytes: 4 });
  t.equal((await system.stat('/'))?.kind, 'directory');
  t.equal((await system.stat('/socket'))?.kind, 'socket');
});

t.test('a folder is made with its parents; the mode of the last one is set, also when it was there', async (t) => {
  const root = folderOf(t);
  const umask = process.umask(0o077);
  t.teardown(() => process.umask(umask));
  const system = localSystem({ root, env: {} });
  await system.makeDir('/a/b/c', 0o755);
  t.equal(statSync(join(root, 'a/b/c')).mode & 0o7777, 0o755);
  await system.makeDir('/a/b/c', 0o700);
  t.equal(statSync(join(root, 'a/b/c')).mode & 0o7777, 0o700);
});

t.test('the clock goes on, in milliseconds, as in every other process', async (t) => {
  const before = localClock.monotonicMs();
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  t.ok(localClock.monotonicMs() >= before);
  t.ok(before <= uptimeMs + 1000, 'CLOCK_MONOTONIC counts from the boot at most');
});

t.test('a protection that may not be had is done without', async (t) => {
  const score = () => readFileSync('/proc/self/oom_score_adj', 'utf8').trim();
  const before = score();
  t.teardown(() => writeFileSync('/proc/self/oom_score_adj', before));
  t.doesNotThrow(sparedByOomKiller);
  t.ok(['-900', before].includes(score()));
  t.doesNotThrow(atEaseWithOomKiller);
  t.equal(score(), '0');
});
