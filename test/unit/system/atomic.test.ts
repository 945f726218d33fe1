import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { syncFolder, writeFileAtomic } from '../../../agent/system/atomic.ts';

const isRoot = process.geteuid?.() === 0;

function folderOf(t: { teardown(last: () => void): unknown }): string {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

t.test('a new file has the mode that is asked for, whatever the umask says', async (t) => {
  const folder = folderOf(t);
  const umask = process.umask(0o077);
  t.teardown(() => process.umask(umask));
  writeFileAtomic(join(folder, 'open'), 'text', 0o644);
  writeFileAtomic(join(folder, 'closed'), '');
  t.equal(modeOf(join(folder, 'open')), 0o644);
  t.equal(modeOf(join(folder, 'closed')), 0o600, 'nobody else’s, unless it is said');
  t.equal(readFileSync(join(folder, 'open'), 'utf8'), 'text');
  t.strictSame(readdirSync(folder).sort(), ['closed', 'open'], 'nothing else stays');
});

t.test('what it replaces keeps its mode', async (t) => {
  const path = join(folderOf(t), 'file');
  for (const mode of [0o640, 0o444, 0o755, 0o600]) {
    writeFileSync(path, 'old');
    chmodSync(path, mode);
    writeFileAtomic(path, `new ${mode}`, 0o600);
    t.equal(modeOf(path), mode);
    t.equal(readFileSync(path, 'utf8'), `new ${mode}`);
    rmSync(path);
  }
});

t.test('and its owner', { skip: isRoot ? false : 'NOT TESTED: needs root' }, async (t) => {
  const path = join(folderOf(t), 'file');
  writeFileSync(path, 'old');
  chownSync(path, 65_534, 12_345);
  chmodSync(path, 0o6751);
  writeFileAtomic(path, 'new');
  t.match(statSync(path), { uid: 65_534, gid: 12_345 });
  t.equal(modeOf(path), 0o6751, 'with the bits that a change of owner takes away');
});

t.test('a link stays one: what it leads to is replaced', async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'real'));
  writeFileSync(join(folder, 'real', 'file'), 'old');
  symlinkSync('real/file', join(folder, 'link'));
  writeFileAtomic(join(folder, 'link'), 'new');
  t.equal(readlinkSync(join(folder, 'link')), 'real/file');
  t.equal(readFileSync(join(folder, 'real', 'file'), 'utf8'), 'new');
  t.strictSame(readdirSync(join(folder, 'real')), ['file']);
});

t.test('a long text, and one with letters of several bytes, are whole', async (t) => {
  const path = join(folderOf(t), 'file');
  for (const text of ['ü€😀'.repeat(200_000), '', 'x'.repeat(3_000_000)]) {
    writeFileAtomic(path, text);
    t.ok(readFileSync(path, 'utf8') === text, `${text.length} characters`);
  }
});

t.test('a reader sees the old text or the new one', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'file');
  writeFileAtomic(path, 'old');
  const before = statSync(path).ino;
  writeFileAtomic(path, 'new');
  t.not(statSync(path).ino, before, 'another file has taken its place, the old one was never touched');
});

t.test('when it fails, nothing is left and nothing is lost', async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'a folder'));
  writeFileSync(join(folder, 'a folder', 'x'), '');
  t.throws(() => writeFileAtomic(join(folder, 'a folder'), 'text'), { code: /EISDIR|EEXIST|ENOTEMPTY/ });
  t.throws(() => writeFileAtomic(join(folder, 'absent', 'file'), 'text'), { code: 'ENOENT' });
  t.throws(() => writeFileAtomic(join(folder, 'a folder', 'x', 'y'), 'text'), { code: 'ENOTDIR' });
  t.strictSame(readdirSync(folder), ['a folder']);
});

t.test('a full disk', { skip: isRoot ? false : 'NOT TESTED: needs root to mount a tiny tmpfs' }, async (t) => {
  const folder = folderOf(t);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'quiesced-unit', folder], { stdio: 'pipe' });
  } catch (error) {
    t.comment(`NOT TESTED: a tmpfs cannot be mounted here: ${(error as Error).message}`);
    return;
  }
  try {
    const path = join(folder, 'file');
    writeFileAtomic(path, 'old');
    t.throws(() => writeFileAtomic(path, 'x'.repeat(100_000)), { code: 'ENOSPC' });
    t.equal(readFileSync(path, 'utf8'), 'old');
    t.strictSame(readdirSync(folder), ['file'], 'the half that was written is gone');
    writeFileAtomic(path, 'new');
    t.equal(readFileSync(path, 'utf8'), 'new', 'there is room again');
  } finally {
    execFileSync('umount', [folder]);
  }
});

t.test('a folder that is gone cannot be synced', async (t) => {
  t.throws(() => syncFolder('/nowhere/at/all'), { code: 'ENOENT' });
});
