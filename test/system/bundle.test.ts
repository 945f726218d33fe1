import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../packaging/build.ts';
import { checkTest } from '../program/check-rig.ts';
import { whyNot as whyNoSandbox } from './sandbox-rig.ts';

// Away from the sources and their node_modules: what is installed needs nothing of either.
const built = mkdtempSync(join(tmpdir(), 'quiesced-bundle-'));
t.teardown(() => rmSync(built, { recursive: true, force: true }));
const folder = join(built, 'lib/quiesced');
await bundle(folder);
const MAIN = join(folder, 'quiesced.mjs');

t.test('the entrance holds nothing but what --health needs', async (t) => {
  const text = readFileSync(MAIN, 'utf8');
  t.notMatch(text, /node_modules|parseArgs/, 'no package and no command line');
  t.ok(text.length < 32_000, `${text.length} characters`);
  t.strictSame(
    readdirSync(folder)
      .filter((name) => name.endsWith('.mjs'))
      .sort(),
    ['quiesced.mjs'],
  );
});

t.test('no chunk names the folder that it was built in', async (t) => {
  for (const name of readdirSync(join(folder, 'lib'))) {
    const text = readFileSync(join(folder, 'lib', name), 'utf8');
    t.notOk(text.includes(join(import.meta.dirname, '../..')), name);
  }
});

checkTest(
  'the bundle checks, and knows its version',
  async (t, rig) => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    t.match(await rig.run('--version'), { code: 0, stdout: `quiesced ${version} (node ${process.version})\n` });
    const { code, json } = await rig.run('check', '--json');
    t.equal(code, json.exitCode);
    t.strictSame(
      json.findings.filter(({ verdict }: { verdict: string }) => verdict === 'error'),
      [],
    );
    t.equal((await rig.run('--health')).code, code);
    t.match(await rig.run('thaw'), { code: 0, stdout: 'Nothing of ours is frozen.\n' }, 'koffi is found beside it');
    t.match(await rig.run('nonsense'), { code: 2, stderr: /there is no command "nonsense"/ });
  },
  MAIN,
);

checkTest(
  'the bundle tells by execa and axios',
  async (t, rig) => {
    rig.put('/usr/local/sbin/tell', '#!/bin/sh\nexit 7\n', 0o700);
    const notify = '[notify]\non-failure = /usr/local/sbin/tell\nurl = http://127.0.0.1:9/hook\n';
    rig.put(
      '/etc/quiesced/quiesced.conf',
      `${notify}[scripts]\npre = /etc/quiesced/gone\n[schedule]\nrehearsal = @daily\n`,
    );
    const { code, stderr } = await rig.run('check');
    t.equal(code, 2);
    t.match(stderr, /notify-program: \/usr\/local\/sbin\/tell: exit code 7/);
    t.match(stderr, /notify-url: 127\.0\.0\.1:9: .*ECONNREFUSED/);
  },
  MAIN,
);

checkTest(
  'the bundle starts itself again to hold',
  async (t, rig) => {
    const held = await rig.run('hold', '--no-freeze', '--for', '30s', '--json');
    t.match(held, { code: 0, json: { state: 'held', kind: 'hold' } });
    t.match(await rig.run('release', '--json'), { json: { kind: 'hold', faults: [] } });
  },
  MAIN,
);

checkTest(
  'the bundle rehearses: guard, keeper and threads of the writer',
  async (t, rig) => {
    const why = whyNoSandbox();
    if (why !== undefined) return void t.pass(`left out: ${why}`);
    rig.put('/var/tmp/README', 'where the sandbox is made\n');
    const { code, json, stderr } = await rig.run('rehearse', '--sandbox', '--json');
    t.match(json, { ok: true, outcome: { consistency: 'application', faults: [] } }, { stderr, json });
    t.equal(code, 0);
  },
  MAIN,
);
