/**
 * The real VM agent and an extension, on a stand-in for Azure, after `quiesced proxy apply`: what goes by the proxy, and
 * that nothing does which is for the host. Needs the fabric: a folder that is no part of this repository, beside it or
 * where QUIESCED_FABRIC says.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { changeProxy } from '../../agent/proxy/change.ts';
import { proxySettings } from '../../agent/proxy/settings.ts';
import { unitEnvironment } from '../../agent/proxy/unit-environment.ts';
import { localSystem } from '../../agent/system/local.ts';
import { whyNot } from '../program/check-rig.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const FABRIC = process.env.QUIESCED_FABRIC ?? join(REPOSITORY, '../shared/fabric');
const PROXY = 'http://10.77.0.8:3128';
const NAME = 'Contoso.FabricSample';
const UNIT = '[Unit]\nDescription=Azure Linux Agent\n[Service]\nExecStart=/usr/sbin/waagent -daemon\n';
const UNIT_PATH = '/usr/lib/systemd/system/walinuxagent.service';

/** As extensions in Python ask: storage, then the two services of the host. Their addresses name who has asked. */
const ASK = `python3 - <<'END' >>"$log/asked.log" 2>&1
import urllib.request
for url in ('http://fabricstore.blob.core.windows.net/by-extension',
            'http://168.63.129.16:32526/versions?by-extension',
            'http://169.254.169.254/metadata/instance?api-version=2021-02-01&by-extension'):
    try:
        print(url, urllib.request.urlopen(urllib.request.Request(url, headers={'Metadata': 'true'}), timeout=10).status)
    except Exception as error:
        print(url, error)
END
`;

interface Asked {
  readonly role: string;
  readonly via: string | null;
  readonly method: string;
  readonly url: string;
}

const lines = (file: string): readonly Asked[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** The fabric's own sample, which asks as well when it is enabled. */
function packed(folder: string): string {
  cpSync(join(FABRIC, 'sample'), join(folder, 'sample'), { recursive: true });
  execFileSync('chmod', ['-R', 'u+w', join(folder, 'sample')]);
  const handler = join(folder, 'sample/bin/handler.sh');
  const text = readFileSync(handler, 'utf8');
  const enable = 'if [ "$cmd" = enable ]; then\n';
  if (!text.includes(enable)) throw new Error('the sample extension is not as it was');
  writeFileSync(handler, text.replace(enable, `${enable}${ASK}`));
  const zip = join(folder, 'sample.zip');
  execFileSync('sh', [join(folder, 'sample/pack.sh'), zip]);
  return zip;
}

/** There is no systemd in the fabric's machine: what the drop-in would have it give to the agent, by its own text. */
async function unitVariables(folder: string): Promise<readonly string[]> {
  const root = join(folder, 'root');
  for (const path of ['etc', 'usr/lib/systemd/system']) mkdirSync(join(root, path), { recursive: true });
  writeFileSync(join(root, UNIT_PATH), UNIT);
  const system = localSystem({ root, live: false, env: {} });
  const wanted = proxySettings(PROXY, [], 'test');
  const request = { do: 'apply' as const, wanted, packages: false };
  await changeProxy({ system, backupUnderWay: async () => undefined }, request, 'none');
  const variables = await unitEnvironment(system, 'walinuxagent.service');
  return [...variables].flatMap(([name, { value }]) => ['--env', `${name}=${value}`]);
}

/** Runs `quiesced proxy apply` in the machine, before its agent starts. */
function setUp(folder: string): string {
  const script = join(folder, 'setup.sh');
  const apply = `${process.execPath} ${join(REPOSITORY, 'agent/main.ts')} proxy apply --url ${PROXY} --no-restart`;
  writeFileSync(script, `set -e\nmkdir -p /usr/lib/systemd/system\nprintf '%s' '${UNIT}' >${UNIT_PATH}\n${apply}\n`);
  return script;
}

async function run(t: Test, folder: string, args: readonly string[]): Promise<{ code: number | null; out: string }> {
  const out = join(folder, 'out');
  const argv = [join(FABRIC, 'run.sh'), packed(folder), NAME, '1.0.0.0', '{}', '-', '--out', out, ...args];
  const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) t.comment(said.slice(-3000));
  return { code, out };
}

const skip = whyNot() || (existsSync(join(FABRIC, 'run.sh')) ? false : `there is no fabric at ${FABRIC}`);

t.test('agent and extension after proxy apply', { skip, timeout: 280_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-fabric-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  // The host's plugin refuses to fetch and to report: then the agent has to go to storage itself.
  const args = ['--setup', setUp(folder), '--fail', 'hgap-status=500', ...(await unitVariables(folder))];
  const { code, out } = await run(t, folder, args);
  t.equal(code, 0, 'the extension is installed and enabled');
  const asked = lines(join(out, 'requests.jsonl'));
  const behind = asked.filter(({ via }) => via === 'proxy');
  const byExtension = asked.filter(({ url }) => url.includes('by-extension'));
  t.ok(
    behind.some(({ url, method }) => method === 'GET' && /\/(manifests|packages)\//.test(url)),
    'the agent fetches by the proxy',
  );
  t.match(byExtension, [{ role: 'blob', via: 'proxy' }, { via: null }, { via: null }], 'so does the extension');
  t.strictSame(
    behind.filter(({ role, url }) => role !== 'blob' || /168\.63\.129\.16|169\.254\.169\.254/.test(url)),
    [],
    'nothing that is for the host goes there',
  );
  t.strictSame(
    asked.filter(({ role, via }) => role === 'blob' && via !== 'proxy'),
    [],
    'and nothing goes around it',
  );
});
