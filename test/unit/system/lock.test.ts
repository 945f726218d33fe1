import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { holderOf, takeLock } from '../../../agent/system/lock.ts';

// They mostly wait.
t.jobs = 6;

const ME = { pid: process.pid, command: 'quiesced hold', since: '2026-03-01T03:00:00Z' };

function pathIn(t: { teardown(last: () => void): unknown }): string {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'lock');
}

const ended = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('exit', () => resolve()));

t.test('one at a time, and who is refused knows whom to wait for', async (t) => {
  const path = pathIn(t);
  t.equal(holderOf(path), undefined, 'there is not even a file');
  const lock = await takeLock(path, ME);
  t.strictSame(holderOf(path), ME);
  await t.rejects(takeLock(path, { ...ME, command: 'quiesced snapshot' }), {
    code: 'lock.busy',
    message: `one at a time: quiesced hold (process ${process.pid}, since 2026-03-01T03:00:00Z) is at work`,
    remedy: /quiesced status/,
  });
  t.strictSame(holderOf(path), ME, 'the one who was refused has left no trace');
  lock.release();
  t.equal(holderOf(path), undefined, 'the file stays, but nobody holds it');
  const next = await takeLock(path, { ...ME, command: 'x' });
  t.strictSame(JSON.parse(readFileSync(path, 'utf8')), { ...ME, command: 'x' }, 'and nothing of a longer name before');
  next.release();
});

t.test('whoever lets go in a moment is waited for', async (t) => {
  const path = pathIn(t);
  const lock = await takeLock(path, ME);
  setTimeout(() => lock.release(), 100);
  (await takeLock(path, { ...ME, command: 'next' })).release();
});

t.test('a lock file that says nothing, or nonsense, is held all the same', async (t) => {
  for (const text of ['', '{"pid":1}']) {
    const path = pathIn(t);
    const lock = await takeLock(path, ME);
    writeFileSync(path, text);
    t.match(holderOf(path), { command: 'another process' });
    await t.rejects(takeLock(path, ME), { code: 'lock.busy', message: /another process is at work/ });
    lock.release();
  }
});

t.test('another process holds it until it ends', async (t) => {
  const path = pathIn(t);
  const module = new URL('../../../agent/system/lock.ts', import.meta.url).href;
  const script = `const { takeLock } = await import(process.argv[1]);
    await takeLock(process.argv[2], { pid: process.pid, command: 'the other', since: 'now' });
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = ended(child);
  t.teardown(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  t.match(holderOf(path), { pid: child.pid, command: 'the other' });
  await t.rejects(takeLock(path, ME), { code: 'lock.busy', message: /the other \(process \d+/ });
  child.kill('SIGKILL');
  await end;
  t.equal(holderOf(path), undefined, 'the kernel lets go of what a dead process held');
  (await takeLock(path, ME)).release();
});

t.test('who inherits the descriptor keeps the lock after us', async (t) => {
  const path = pathIn(t);
  const lock = await takeLock(path, ME);
  const child = spawn('sleep', ['30'], { stdio: ['ignore', 'ignore', 'ignore', lock.fd] });
  const end = ended(child);
  t.teardown(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.once('spawn', resolve));
  lock.release();
  t.strictSame(holderOf(path), ME);
  await t.rejects(takeLock(path, ME), { code: 'lock.busy' });
  child.kill('SIGKILL');
  await end;
  (await takeLock(path, ME)).release();
});

t.test('other children do not', async (t) => {
  const path = pathIn(t);
  const lock = await takeLock(path, ME);
  const child = spawn('sleep', ['30'], { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.once('spawn', resolve));
  lock.release();
  (await takeLock(path, ME)).release();
});

t.test('a lock that cannot be written is given back', async (t) => {
  // Every write to it says that there is no room.
  await t.rejects(takeLock('/dev/full', ME), { code: 'lock.unusable', remedy: /df/ });
  await t.rejects(takeLock('/dev/full', ME), { code: 'lock.unusable' }, 'and not lock.busy');
});
