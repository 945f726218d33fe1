import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { filesOf } from '../unit/proxy/machines.ts';
import { checkTest, conforms, type Rig } from './check-rig.ts';
import { failsWhereFull } from './full-disk.ts';

const MACHINES = join(import.meta.dirname, '../fixtures/proxy');
const URL_FLAGS = ['--url', 'http://10.0.0.8:3128'];

const proxyTest = (title: string, machine: string, body: (t: Test, rig: Rig) => Promise<void>): void =>
  checkTest(title, async (t, rig) => {
    cpSync(join(MACHINES, machine), rig.root, { recursive: true, verbatimSymlinks: true });
    await body(t, rig);
  });

proxyTest('shown, planned, applied, taken out and undone', 'already-set', async (t, rig) => {
  const before = filesOf(rig);
  const json = async (...args: readonly string[]) => (await rig.run('proxy', ...args, '--json')).json;

  const shown = await json('show');
  conforms(t, 'proxy', shown);
  t.match(shown.used, [{ consumer: 'agent', proxy: 'http://old.example:8080' }, { consumer: 'extensions' }]);
  const planned = await json('plan', ...URL_FLAGS);
  conforms(t, 'proxy-change', planned);
  t.match(planned, { request: 'apply', applied: false, files: [{ path: '/etc/environment', change: 'edit' }] });
  t.match(planned.files[0].diff, /^--- \/etc\/environment\n\+\+\+ \/etc\/environment\n@@ /);
  t.strictSame(await json('apply', '--dry-run', ...URL_FLAGS), planned, 'a plan is a dry run');
  t.strictSame(filesOf(rig), before, 'nothing was done');

  const applied = await json('apply', ...URL_FLAGS);
  conforms(t, 'proxy-change', applied);
  t.strictSame(applied, { ...planned, applied: true });
  t.match((await rig.run('proxy', 'apply', ...URL_FLAGS)).stdout, /^Nothing to do: /);
  const after = await rig.run('proxy', 'show');
  t.match(after.stdout, /^Set:\n {2}\/etc\/environment: logins/);
  t.ok(
    after.stdout.split('\n').every((line) => line.length <= 80),
    '80 columns',
  );
  t.equal(rig.mode('/var/lib/quiesced/proxy'), 0o700, 'what stood there before is for root alone');
  t.equal(rig.mode('/var/lib/quiesced/proxy/record.json'), 0o600);

  const cleared = await json('clear');
  conforms(t, 'proxy-change', cleared);
  t.match(cleared, { request: 'clear', applied: true });
  t.strictSame(filesOf(rig), before);
  await json('apply', ...URL_FLAGS);
  conforms(t, 'proxy-change', await json('undo'));
  t.strictSame(filesOf(rig), before);
  t.match((await rig.run('proxy', 'undo')).stdout, /There is nothing to undo/);
});

proxyTest('where the proxy comes from', 'rhel-9', async (t, rig) => {
  const wrong = async (...args: readonly string[]) => {
    const { json, code } = await rig.run('proxy', ...args, '--json');
    conforms(t, 'error', json);
    return `${code} ${json.error.code}`;
  };
  t.equal(await wrong('apply'), '1 proxy.none');
  t.equal(await wrong('apply', '--from-environment'), '1 proxy.none');
  t.equal(await wrong('apply', '--from-environment', ...URL_FLAGS), '2 usage');
  t.equal(await wrong('show', ...URL_FLAGS), '2 usage');
  t.equal(await wrong('undo', '--packages'), '2 usage');
  t.equal(await wrong('aply'), '2 usage');
  t.equal(await wrong('apply', '--url', 'https://h:1'), '1 proxy.scheme');
  rig.put('/etc/quiesced/quiesced.conf', '[proxy]\nurl = http://10.0.0.9:8080\nbypass = .site.example\nmanage = yes\n');
  const { json } = await rig.run('proxy', 'apply', '--bypass', '.more.example,10.0.0.0/8', '--json');
  t.match(
    json.files[0].diff,
    /\+https_proxy=http:\/\/10.0.0.9:8080\n\+no_proxy=.*,\.site\.example,\.more\.example,10\./,
  );
  t.match((await rig.run('proxy', 'clear')).stdout, /manage = yes: the daemon puts it back/);
});

proxyTest('a password is never shown', 'rhel-9', async (t, rig) => {
  rig.put('/etc/environment', 'http_proxy=http://user:s3cret@old:1\nhttps_proxy=user:s3cret@old:1\n');
  rig.put('/etc/waagent.conf', 'HttpProxy.Host=user:s3cret@old\nHttpProxy.Port=1\n');
  const outputs = [
    await rig.run('proxy', 'show'),
    await rig.run('proxy', 'show', '--json'),
    await rig.run('proxy', 'plan', ...URL_FLAGS),
    await rig.run('proxy', 'plan', ...URL_FLAGS, '--json'),
    await rig.run('proxy', 'apply', ...URL_FLAGS, '--json'),
    await rig.run('proxy', 'clear', '--dry-run'),
    await rig.run('proxy', 'undo', '--json'),
    await rig.run('proxy', 'apply', '--url', 'http://user:s3cret@new:1'),
    await rig.run('proxy', 'apply', '--url', 'http://user:s3cret@new:1', '--json'),
    await rig.run('proxy', 'apply', '--url', 's3cret@new'),
  ];
  for (const { stdout, stderr } of outputs) {
    t.notMatch(`${stdout}${stderr}`, /s3cret/);
    t.not(`${stdout}${stderr}`, '');
  }
  t.match(rig.read('/etc/environment'), /user:s3cret@old:1/, 'what was there is there again');
});

proxyTest('a full disk: an error, and nothing lost', 'already-set', async (t, rig) => {
  await failsWhereFull(t, rig, {
    folders: ['etc/systemd/system', 'var/lib/quiesced', 'etc'],
    command: ['proxy', 'apply', ...URL_FLAGS],
    record: 'var/lib/quiesced/proxy/record.json',
  });
});

proxyTest('apt takes it as it is meant', 'debian-12', async (t, rig) => {
  await rig.run('proxy', 'apply', '--url', 'http://[fd00::8]:3128', '--packages');
  const file = join(rig.root, 'etc/apt/apt.conf.d/95quiesced-proxy');
  const dumped = spawnSync('apt-config', ['dump', '--format', '%f %v%n', '-c', file], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, APT_CONFIG: '/dev/null' },
  });
  if (dumped.error !== undefined) return t.comment('NOT TESTED: there is no apt here');
  t.match(dumped.stdout, /^Acquire::https::Proxy http:\/\/\[fd00::8\]:3128$/m, dumped.stderr);
  t.match(dumped.stdout, /^Acquire::http::Proxy::168\.63\.129\.16 DIRECT$/m);
});
