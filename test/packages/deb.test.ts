import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { buildDeb } from '../../packaging/deb/build.ts';
import { FILES } from '../../packaging/files.ts';
import { DEB } from './machine.ts';

const here =
  spawnSync('dpkg-deb', ['--version']).status === 0 && statSync(DEB, { throwIfNoEntry: false }) !== undefined;
const skip = here ? false : `no dpkg-deb, or no ${DEB}: npm run package:deb`;
const folder = mkdtempSync(join(tmpdir(), 'quiesced-deb-test-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const dpkgDeb = (...args: readonly string[]): string =>
  execFileSync('dpkg-deb', args, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });

interface Entry {
  readonly mode: string;
  readonly owner: string;
  readonly path: string;
}

const entries = (): readonly Entry[] =>
  dpkgDeb('--contents', DEB)
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/))
    .map(([mode = '', owner = '', , , , path = '']) => ({ mode, owner, path: path.slice(1).replace(/(.)\/$/, '$1') }));

t.test('at most 45 MB', { skip }, async (t) => {
  const megabytes = statSync(DEB).size / 1e6;
  t.ok(megabytes <= 45, `${megabytes.toFixed(1)} MB`);
});

t.test('what the list says lands there, as it says, and all of it is for root alone to write', { skip }, async (t) => {
  const found = entries();
  const modes = new Map(found.map(({ path, mode }) => [path, mode]));
  for (const { path, mode, from } of FILES) {
    const isFolder = 'folder' in from || path === '/usr/lib/quiesced';
    t.equal(modes.get(path), `${isFolder ? 'd' : '-'}${inLetters(mode)}`, path);
  }
  for (const { path, mode, owner } of found) {
    t.equal(owner, 'root/root', `${path} belongs to root`);
    t.match(mode, /^[d-]rw[x-]r-[x-][r-]-[x-]$/, `${path} is writable by root alone`);
  }
  const known = FILES.map(({ path }) => path);
  const unknown = found.filter(
    ({ path, mode }) => !mode.startsWith('d') && !known.includes(path) && !path.startsWith('/usr/lib/quiesced/'),
  );
  t.strictSame(unknown, [], 'nothing else');
});

const inLetters = (mode: number): string =>
  [...mode.toString(8)]
    .map((digit) => ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'][Number(digit)])
    .join('');

t.test('koffi for this architecture and no other', { skip }, async (t) => {
  const natives = entries().filter(({ path }) => path.endsWith('.node'));
  t.match(natives, [{ path: /koffi-linux-x64\/linux_x64\/koffi\.node$/ }]);
  t.equal(natives.length, 1);
});

t.test('what it depends on is what its files are linked with', { skip }, async (t) => {
  dpkgDeb('--extract', DEB, folder);
  const files = ['node', 'node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node'];
  const linked = files
    .map((file) => execFileSync('objdump', ['-p', join(folder, 'usr/lib/quiesced', file)], { encoding: 'utf8' }))
    .join('\n');
  const libraries = new Set([...linked.matchAll(/NEEDED +(\S+)/g)].map(([, name]) => name));
  t.strictSame([...libraries].sort(), [
    // libc6; libgcc-s1; libstdc++6
    'ld-linux-x86-64.so.2',
    'libc.so.6',
    'libdl.so.2',
    'libgcc_s.so.1',
    'libm.so.6',
    'libpthread.so.0',
    'libstdc++.so.6',
  ]);
  const highest = (prefix: string) =>
    [...linked.matchAll(new RegExp(`\\b${prefix}_([\\d.]+)`, 'g'))]
      .map(([, version = '']) => version)
      .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
      .at(-1);
  t.strictSame([highest('GLIBC'), highest('CXXABI'), highest('GCC')], ['2.28', '1.3.11', '3.4']);
  t.equal(
    dpkgDeb('--field', DEB, 'Depends').trim(),
    'libc6 (>= 2.28), libgcc-s1 (>= 3.4) | libgcc1 (>= 1:3.4), libstdc++6 (>= 7)',
  );
});

t.test('the same sources make the same bytes', { skip }, async (t) => {
  // Compressing takes a minute, and adds nothing of its own: dpkg-deb writes neither time nor name with it.
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  const first = await buildDeb(one, { compression: 'none' });
  const second = await buildDeb(other, { compression: 'none' });
  t.ok(readFileSync(first).equals(readFileSync(second)));
});

const lintian = spawnSync('lintian', ['--version']).status === 0;
t.test('lintian finds nothing', { skip: skip || (lintian ? false : 'lintian is not installed') }, async (t) => {
  const { status, stdout } = spawnSync('lintian', ['--fail-on=error,warning,info', '--display-info', DEB], {
    encoding: 'utf8',
  });
  t.strictSame({ status, stdout }, { status: 0, stdout: '' });
});
