/** What we write into waagent.conf, read by the real agent: Debian's package, unpacked and never installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { changeProxy } from '../../agent/proxy/change.ts';
import { proxySettings } from '../../agent/proxy/settings.ts';
import { localSystem } from '../../agent/system/local.ts';
import { parseWaagentConf } from '../../agent/system/waagent-conf.ts';
import { array, constantFrom, oneof, sample, string, tuple } from '../fast-check.ts';
import { MACHINES } from '../unit/proxy/machines.ts';
import { whyNot } from './check-rig.ts';

const READER = join(import.meta.dirname, '../fixtures/waagent-conf.py');
const FIXTURES = join(import.meta.dirname, '../fixtures/proxy');
const KEYS = ['HttpProxy.Host', 'HttpProxy.Port'];
const CASES = 150;

interface RealAgent {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Throws where apt-get has no package: these tests are about that very agent. */
function unpack(t: Test): RealAgent {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-waagent-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const apt = (...args: readonly string[]) =>
    spawnSync('apt-get', ['-qq', ...args], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  const packages = ['waagent', 'python3-distro'];
  if (apt('download', ...packages).status !== 0) {
    apt('update');
    const { status, stderr } = apt('download', ...packages);
    if (status !== 0) throw new Error(`apt-get download: ${stderr}`);
  }
  for (const deb of globSync('*.deb', { cwd: folder })) execFileSync('dpkg-deb', ['-x', deb, folder], { cwd: folder });
  const env = { PATH: process.env.PATH ?? '', PYTHONPATH: join(folder, 'usr/lib/python3/dist-packages') };
  return { folder, env: { ...env, PYTHONDONTWRITEBYTECODE: '1' } };
}

/** Host and port of each file, as the agent's own parser has them. */
const agentReads = ({ env }: RealAgent, paths: readonly string[]): readonly (readonly (string | null)[])[] =>
  execFileSync('python3', [READER, ...paths], { env, encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const weRead = (path: string): readonly (string | null)[] => {
  const { values } = parseWaagentConf(readFileSync(path, 'utf8'));
  return KEYS.map((key) => values.get(key) ?? null);
};

const line = oneof(
  tuple(
    constantFrom('', ' ', '#', ' #'),
    constantFrom('HttpProxy.Host', 'HttpProxy.Port', 'httpproxy.host', 'Logs.Verbose'),
    constantFrom('=', ' = ', ' ', '=='),
    constantFrom('None', 'old', '"old"', '8080', ' x # y', '', '# quiesced'),
    constantFrom('', '\r', ' '),
  ).map((parts) => parts.join('')),
  string(),
);
const text = tuple(array(line), constantFrom('', '\n')).map(([lines, end]) => `A=b\n${lines.join('\n')}${end}`);
const wanted = constantFrom('http://10.0.0.8:3128', 'http://proxy.example:8080', 'http://[fd00::8]:1').map((url) =>
  proxySettings(url, [], 'test'),
);

const here = (root: string) => ({
  system: localSystem({ root, live: false, env: {} }),
  backupUnderWay: async () => undefined,
});

t.test('for any configuration and any proxy', { skip: whyNot(), timeout: 280_000 }, async (t) => {
  const agent = unpack(t);
  const cases = sample(tuple(text, wanted), CASES);
  const roots = cases.map(([before], index) => {
    const root = join(agent.folder, `case-${index}`);
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(join(root, 'etc/waagent.conf'), before);
    return root;
  });
  const paths = roots.map((root) => join(root, 'etc/waagent.conf'));
  t.strictSame(agentReads(agent, paths), paths.map(weRead), 'what stands there is read as the agent does');
  for (const [index, root] of roots.entries()) {
    const [, settings] = cases[index] ?? [];
    if (settings !== undefined) {
      await changeProxy(here(root), { do: 'apply', wanted: settings, packages: false }, 'none');
    }
  }
  const meant = cases.map(([, { host, port }]) => [host, String(port)]);
  t.strictSame(agentReads(agent, paths), meant, 'what we write is read as it is meant');
  t.strictSame(paths.map(weRead), meant, 'by our own reader too');
});

/** It writes to /var/log and /var/lib: those of a mount namespace of its own. */
const IN_PRIVATE =
  'mount -t tmpfs tmpfs /var/log && mount -t tmpfs tmpfs /var/lib && cd / && exec python3 "$0" -show-configuration "-configuration-path:$1"';

t.test('waagent -show-configuration', { skip: whyNot(), timeout: 280_000 }, async (t) => {
  const agent = unpack(t);
  for (const machine of MACHINES.filter((name) => ['debian-12', 'crlf', 'duplicates'].includes(name))) {
    const root = join(agent.folder, machine);
    cpSync(join(FIXTURES, machine), root, { recursive: true, verbatimSymlinks: true });
    const settings = proxySettings('http://10.0.0.8:3128', [], 'test');
    await changeProxy(here(root), { do: 'apply', wanted: settings, packages: false }, 'none');
    const program = [join(agent.folder, 'usr/sbin/waagent'), join(root, 'etc/waagent.conf')];
    const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', IN_PRIVATE, ...program], {
      env: agent.env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    t.match(stdout, /^HttpProxy\.Host = 10\.0\.0\.8$/m, machine, { stderr });
    t.match(stdout, /^HttpProxy\.Port = 3128$/m, machine);
  }
});
