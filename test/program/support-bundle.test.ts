import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { COMPILED } from '../compiled.ts';
import { checkTest, conforms, type Ended, MAIN, type Rig, whyNot } from './check-rig.ts';

const OUTPUT = '/out/bundle.tar.gz';
const HISTORY = '/var/lib/quiesced/history.jsonl';
const AZURE_LOG = '/var/log/azure/Microsoft.Azure.RecoveryServices.VMSnapshotLinux/1.0.9241.0/extension.log';

/** No such thing was ever valid. With characters that URLs and base64 write in another way. */
const secret = (place: string): string => `S3c+${place}/${Buffer.from(place).toString('hex').slice(0, 12)}=9x`;

/** Every form in which somebody could read it. */
function formsOf(value: string): readonly string[] {
  const within = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]).toString('base64');
    return text.slice(offset === 0 ? 0 : offset + 1, -4);
  });
  const url = encodeURIComponent(value);
  const base64Url = within.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [value, url, url.toLowerCase(), encodeURIComponent(url), ...within, ...base64Url];
}

const basic = (value: string): string => Buffer.from(`backup:${value}`).toString('base64');
const inUrl = (value: string): string => `http://backup:${encodeURIComponent(value)}@proxy.example:3128/`;
const sas = (value: string): string =>
  `https://a.blob.core.windows.net/c/d.vhd?sv=1&sig=${encodeURIComponent(value)}&se=2`;
const pem = (lines: readonly string[]): string =>
  `-----BEGIN RSA PRIVATE KEY-----\n${lines.join('\n')}\n-----END RSA PRIVATE KEY-----\n`;
const KEY_LINES = ['MIIEpAIBAAKCAQEAx3nP7', 'q9Zr2Vt8Lw4Yk1Jm6Hb5Gc'];
const STORAGE_KEY = `${'Eby8vdM02xNOcqFl'.repeat(5)}quwJPL==`;

/** Where a secret is planted, how it stands there, and how else it turns up where nothing says what it is. */
const PLACES: readonly (readonly [place: string, path: string, text: (value: string) => string])[] = [
  ['proxy', '/etc/quiesced/quiesced.conf', (value) => `[proxy]\nurl = ${inUrl(value)}\n`],
  [
    'webhook',
    '/etc/quiesced/quiesced.conf.d/10-a.conf',
    (value) => `[notify]\nurl = https://monitor.example/${value}\n`,
  ],
  ['quiescer', '/etc/quiesced/quiesced.conf.d/20-b.conf', (value) => `[quiescer pg]\npassword = ${value}\n`],
  ['history', HISTORY, (value) => `${JSON.stringify({ id: '1', reason: `PUT ${sas(value)} failed` })}\n`],
  ['torn', HISTORY, (value) => `{"id":"2","token":"${value}","rea\n`],
  ['owed', '/var/lib/quiesced/owed.json', (value) => JSON.stringify({ schema: 1, runs: [], apiKey: value })],
  ['status', '/run/quiesced/status.json', (value) => JSON.stringify({ problems: [{ detail: `pwd=${value}` }] })],
  ['log', '/var/log/quiesced/quiesced.log', (value) => `warn posting to ${inUrl(value)} failed\n`],
  ['agentlog', '/var/log/waagent.log', (value) => `INFO Authorization: Basic ${basic(value)}\n`],
  [
    'agentsas',
    '/var/log/waagent.log',
    (value) => `GET ${sas(value)}\n{"url":"${sas(value).replaceAll('&', '\\u0026')}"}\n`,
  ],
  ['ovf', '/var/log/waagent.log', (value) => `<UserPassword>${value}</UserPassword>\n`],
  ['bearer', AZURE_LOG, (value) => `x-ms: authorization: Bearer ${value}\n`],
  ['connection', AZURE_LOG, (value) => `DefaultEndpointsProtocol=https;AccountKey=${value};EndpointSuffix=x\n`],
  ['plugin', '/etc/azure/VMSnapshotScriptPluginConfig.json', (value) => JSON.stringify({ a: { clientSecret: value } })],
  ['workload', '/etc/azure/workload.conf', (value) => `[workload]\nlogin_pass = x\nDB_PASSWORD=${value}\n`],
  ['agentconf', '/etc/waagent.conf', (value) => `HttpProxy.Password=${value}\n`],
  ['cifs', '/etc/fstab', (value) => `//nas/s /mnt cifs user=u,password=${value},vers=3 0 0\n`],
  [
    'unit',
    '/etc/systemd/system/quiesced.service.d/x.conf',
    (value) => `[Service]\nEnvironment=HTTPS_PROXY=${inUrl(value)}\n`,
  ],
  ['qga', '/var/log/qga-fsfreeze-hook.log', (value) => `mysqldump -u root -p${value} --all\n`],
  // Behind a mount of the test, see FAKES.
  ['journal', '/fakes/journalctl', (value) => `Nov 21 vm quiesced[1]: token=${value}\n`],
  ['kernel', '/fakes/dmesg', (value) => `[1.0] cifs: passwd=${value}\n`],
  ['systemctl', '/fakes/systemctl', (value) => `Environment=STORAGE_KEY=${value}\n`],
  ['environment', '/environment', () => ''],
];

/** Programs of the machine whose answers cannot be planted otherwise. */
const FAKES = ['journalctl', 'dmesg', 'systemctl'] as const;

const VALUES = PLACES.map(([place]) => secret(place));

function plant(rig: Rig): void {
  const texts = new Map<string, string>();
  for (const [place, path, text] of PLACES) texts.set(path, (texts.get(path) ?? '') + text(secret(place)));
  // Bare, where no rule could know them: in one log as they are, as a URL has them, and in base64.
  const bare = VALUES.flatMap((value) => [value, encodeURIComponent(value), basic(value), btoa(`x${value}`)]);
  texts.set('/var/log/waagent.log', `${texts.get('/var/log/waagent.log')}${pem(KEY_LINES)}${bare.join('\n')}\n`);
  texts.set(AZURE_LOG, `${texts.get(AZURE_LOG)}${KEY_LINES.join('\n')}\nkey: ${STORAGE_KEY}\n`);
  for (const [path, text] of texts) rig.put(path, text, 0o600);
  for (const name of FAKES) {
    const answer = rig.put(`/fakes/${name}.txt`, texts.get(`/fakes/${name}`) ?? '');
    rig.put(`/fakes/${name}`, `#!/bin/sh\ncat ${answer}\n`, 0o755);
  }
}

/** In mounts of its own, where journalctl, dmesg and systemctl are those of the test. */
function bundleWithFakes(rig: Rig, env: Readonly<Record<string, string>>): Ended {
  const binds = FAKES.map((name) => `at=$(command -v ${name}) && mount --bind ${rig.root}/fakes/${name} "$at"`);
  const script = `${binds.join('\n')}\nexec "$@"`;
  const program = [process.execPath, MAIN, 'support-bundle', '--json', '--output', OUTPUT];
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...program], {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: COMPILED,
      QUIESCED_TEST: '1',
      QUIESCED_TEST_ROOT: rig.root,
      ...env,
    },
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { code: status, stdout, stderr, json: parsed(stdout) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Again, when somebody else on this machine freezes for a test of his own just then: that is refused, and rightly. */
async function undisturbed(run: () => Ended | Promise<Ended>): Promise<Ended> {
  for (let left = 240; ; left -= 1) {
    const ended = await run();
    const disturbed = /somebody else froze/.test(ended.stdout + ended.stderr.replace(/\s+/g, ' '));
    if (!disturbed || left === 0) return ended;
    await sleep(250);
  }
}

/** Unpacks it, and returns what stands in it by the paths below its one folder. */
function unpack(rig: Rig, output = OUTPUT): ReadonlyMap<string, string> {
  const folder = join(rig.root, 'unpacked');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  spawnSync('tar', ['xzf', join(rig.root, output), '-C', folder, '--strip-components=1']);
  const files = globSync('**/*', { cwd: folder }).filter((path) => statSync(join(folder, path)).isFile());
  return new Map(files.map((path) => [path, readFileSync(join(folder, path), 'latin1')]));
}

checkTest('no secret is in the bundle, wherever it stood and in whatever form', async (t, rig) => {
  mkdirSync(join(rig.root, 'out'));
  plant(rig);
  const value = secret('environment');
  const env = { https_proxy: inUrl(value), DB_PASSWORD: value, QUIESCED_TEST_TOKEN: value };
  const { code, json, stderr } = await undisturbed(() => bundleWithFakes(rig, env));
  t.equal(code, 0, stderr);
  conforms(t, 'support-bundle', json);
  const files = unpack(rig);
  for (const [place, path] of PLACES) {
    if (path === '/environment' || path.startsWith('/fakes')) continue;
    t.ok(
      [...files.keys()].some((name) => name.endsWith(path)),
      `${path} of ${place} is in it`,
    );
  }
  for (const name of ['logs/journal.txt', 'logs/kernel.txt', 'machine/units-show.txt']) {
    t.match(files.get(name), /\[redacted\]/, `${name} is in it, and had something to hide`);
  }
  for (const name of [
    'report.json',
    'status.json',
    'config/effective.json',
    'config/environment.json',
    'manifest.json',
  ]) {
    t.ok(parsed(files.get(name) ?? ''), `${name} is JSON`);
  }
  const wanted = [...VALUES.flatMap(formsOf), ...KEY_LINES, STORAGE_KEY];
  const whole = [...files].map(([name, text]) => `${name}\n${text}`).join('\n');
  const archive = readFileSync(join(rig.root, OUTPUT), 'latin1');
  for (const form of new Set(wanted)) {
    if (whole.includes(form) || archive.includes(form) || stderr.includes(form)) t.fail(`${form} can be read`);
  }
  t.pass(`${wanted.length} forms of ${VALUES.length + 2} secrets were looked for in ${files.size} files`);
  const { mode, uid } = statSync(join(rig.root, OUTPUT));
  t.strictSame([mode & 0o777, uid], [0o600, 0], "for root's eyes only");
  t.strictSame(globSync('{out,run/quiesced}/**/{.*,support-*}', { cwd: rig.root }), [], 'nothing is left beside it');
});

checkTest('it is made with a configuration that is wrong, and tells what it could not have', async (t, rig) => {
  mkdirSync(join(rig.root, 'out'));
  rig.put('/etc/quiesced/quiesced.conf', '[snapshot]\nnonsense = 1\n');
  rig.put('/run/quiesced/journal/freeze.jsonl', 'no record of ours\n');
  rig.put('/var/lib/quiesced/owed.json', '{ torn');
  // A log that nobody ever writes to: whoever opens it waits.
  spawnSync('mkfifo', [join(rig.root, 'var-log-fifo')]);
  mkdirSync(join(rig.root, 'var/log'), { recursive: true });
  symlinkSync('/var-log-fifo', join(rig.root, 'var/log/waagent.log'));
  rig.put('/var/log/quiesced/quiesced.log', `password=cut-in-the-middle ${'x'.repeat(300 * 1024)}\nlast line\n`);
  const { code, stdout, stderr } = await undisturbed(() => rig.run('support-bundle', '--output', OUTPUT));
  t.equal(code, 0, stderr);
  t.match(stdout, /^Written: \/out\/bundle\.tar\.gz\n\d+ files, \d+ KiB/);
  t.match(stdout, /Could not be had:\n(.*\n)* {2}· logs\/var\/log\/waagent\.log: /);
  t.match(stdout, /status\.json: \/var\/lib\/quiesced\/owed\.json\s+cannot be read/);
  const files = unpack(rig);
  t.match(parsed(files.get('config/effective.json') ?? ''), { error: { code: 'config.invalid' } });
  t.match(files.get('config/etc/quiesced/quiesced.conf'), /nonsense = 1/, 'as it was written');
  t.match(files.get('state/run/quiesced/journal/freeze.jsonl'), /no record of ours/);
  t.equal(files.get('logs/var/log/quiesced/quiesced.log'), 'last line\n', 'from a line on');
  const manifest = parsed(files.get('manifest.json') ?? '') as { leftOut: { name: string; absent: boolean }[] };
  t.match(
    manifest.leftOut.find(({ name }) => name === 'config/etc/fstab'),
    { absent: true, why: 'there is no file /etc/fstab' },
  );
  t.match(
    manifest.leftOut.find(({ name }) => name.endsWith('waagent.log')),
    { absent: false },
  );
});

checkTest('while something is frozen it refuses, and says why', async (t, rig) => {
  mkdirSync(join(rig.root, 'out'));
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const intend = [{ id: '8:1', mountPoint: '/data', mountPoints: ['/data'] }];
  rig.put('/run/quiesced/journal/freeze.jsonl', `${JSON.stringify({ bootId, intend })}\n`);
  const { code, json } = await rig.run('support-bundle', '--json', '--output', OUTPUT);
  t.equal(code, 1);
  t.match(json, { error: { code: 'support.frozen', message: /\/data/, remedy: /quiesced (status|thaw)/ } });
  t.strictSame(globSync('out/**', { cwd: rig.root }), ['out'], 'nothing was written');
  t.equal((await rig.run('support-bundle', '--output', '-')).code, 2, 'a name that is none');
});

/** A disk of its own, 128 KiB, in a namespace that goes with the process. */
t.test('a disk that is full: an error, and no half of an archive', { skip: whyNot() }, async (t: Test) => {
  const script = `set -e
root=$(mktemp -d)
mkdir -p "$root/out"
mount -t tmpfs -o size=128k none "$root/out"
head -c 120000 /dev/zero >"$root/out/filler"
QUIESCED_TEST=1 QUIESCED_TEST_ROOT=$root "$@" support-bundle --json --output ${OUTPUT} || echo "code $?"
ls -A "$root/out" "$root/run/quiesced"
umount "$root/out"
rm -rf "$root"`;
  const argv = ['--mount', 'sh', '-c', script, 'sh', process.execPath, MAIN];
  const { stdout } = await undisturbed(() => {
    const { status, stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8', timeout: 120_000 });
    return { code: status, stdout, stderr, json: undefined };
  });
  t.match(stdout, /"code":"support\.unwritable".*No space left on device/);
  t.match(
    stdout,
    /code 1\n.*\/out:\nfiller\n\n.*\/run\/quiesced:\n$/s,
    'neither the archive nor what it was packed from',
  );
});

checkTest('without --output it lands in the current folder', async (t, rig) => {
  // Commands of the test start in `/`, and here that is the private root.
  const { code, json } = await undisturbed(() => rig.run('support-bundle', '--json'));
  t.equal(code, 0);
  t.match(json?.path, /^\/quiesced-support-[\w.-]+-\d{8}T\d{6}Z\.tar\.gz$/);
  t.ok(statSync(join(rig.root, json?.path)).size > 0);
});
