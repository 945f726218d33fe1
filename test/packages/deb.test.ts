import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import t from 'tap';
import { filesOf } from '../../packaging/files.ts';
import { DEB } from './machine.ts';

const here =
  spawnSync('dpkg-deb', ['--version']).status === 0 && statSync(DEB, { throwIfNoEntry: false }) !== undefined;
const skip = here ? false : `no dpkg-deb, or no ${DEB}: npm run package:deb`;

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
  for (const { path, mode, from } of filesOf('deb')) {
    const isFolder = 'folder' in from || path === '/usr/lib/quiesced';
    t.equal(modes.get(path), `${isFolder ? 'd' : '-'}${inLetters(mode)}`, path);
  }
  for (const { path, mode, owner } of found) {
    t.equal(owner, 'root/root', `${path} belongs to root`);
    t.match(mode, /^[d-]rw[x-]r-[x-][r-]-[x-]$/, `${path} is writable by root alone`);
  }
  const known = filesOf('deb').map(({ path }) => path);
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

t.test('it depends on what its files are linked with', { skip }, async (t) => {
  // libstdc++6 of GCC 7 is the first with CXXABI_1.3.11; floor.test.ts looks at the files.
  t.equal(
    dpkgDeb('--field', DEB, 'Depends').trim(),
    'libc6 (>= 2.28), libgcc-s1 (>= 3.4) | libgcc1 (>= 1:3.4), libstdc++6 (>= 7)',
  );
});

const lintian = spawnSync('lintian', ['--version']).status === 0;
t.test('lintian finds nothing', { skip: skip || (lintian ? false : 'lintian is not installed') }, async (t) => {
  const { status, stdout } = spawnSync('lintian', ['--fail-on=error,warning,info', '--display-info', DEB], {
    encoding: 'utf8',
  });
  t.strictSame({ status, stdout }, { status: 0, stdout: '' });
});
