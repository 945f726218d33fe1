import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Test } from 'tap';
import { checkTest, type Rig } from './check-rig.ts';

const STATUS = '/run/quiesced/status.json';
const CONFIG = '/etc/quiesced/quiesced.conf';
const VERDICTS = ['pass', 'warn', 'fail', 'error'];
/** Fails as long as the script that is configured does not exist, on every machine. */
const BROKEN = '[scripts]\npre = /etc/quiesced/gone\n';
const BROKEN_ID = 'app.script-config';

const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': true } });
for (const name of ['report', 'checks', 'health', 'status-file', 'notice']) {
  const file = join(import.meta.dirname, `../../docs/schema/${name}.schema.json`);
  ajv.addSchema(JSON.parse(readFileSync(file, 'utf8')));
}

function conforms(t: Test, name: string, value: unknown): void {
  const validate = ajv.getSchema(`${name}.schema.json`);
  t.ok(validate?.(value), `the JSON is as ${name}.schema.json says`, { errors: validate?.errors, value });
}

checkTest('check as root leaves its result behind, for everybody to read', async (t, rig) => {
  const { code, json, stderr } = await rig.run('check', '--json');
  conforms(t, 'report', json);
  t.equal(stderr, '', 'no progress where nobody watches');
  t.equal(code, json.exitCode);
  t.match(json.expected, { consistency: /^(application|file-system|crash|none)$/, reason: /./ });
  const status = JSON.parse(rig.read(STATUS));
  conforms(t, 'status-file', status);
  t.match(status, { time: json.time, verdict: json.verdict, counts: json.counts, expected: json.expected });
  t.strictSame([rig.mode(STATUS), rig.mode('/run/quiesced')], [0o644, 0o755]);

  const health = await rig.runAsNobody('--health', '--json');
  conforms(t, 'health', health.json);
  t.equal(health.code, code, 'and --health says the same to nobody');
  const line = await rig.runAsNobody('--health');
  t.match(line, { code, stdout: /^(READY|WARNING|NOT READY|UNKNOWN): [^\n]+ \(checked [^\n]+\)\n$/, stderr: '' });
  t.match(await rig.run('--health'), { code, stdout: /^\S/ });
});

checkTest('check without root prints, and leaves nothing', async (t, rig) => {
  const { code, stdout, stderr } = await rig.runAsNobody('check');
  t.ok([0, 1, 2, 3].includes(code ?? -1));
  t.match(stdout, /To expect of a snapshot now: /);
  t.equal(stderr, '', 'the note about the status file is for terminals');
  t.equal(rig.read(STATUS), '');
});

const CLEAR = '\r\u001b[K';

checkTest('at a terminal it shows how far it is, and clears that away', async (t, rig) => {
  const { stdout } = await rig.runAtTerminal('check');
  const [progress = '', rest = ''] = stdout.split('Readiness of');
  const [nothing, first = '', ...more] = progress.split(CLEAR).map(stripVTControlCharacters);
  t.equal(nothing, '');
  t.match(first, /^0\/\d+ [a-z0-9.-]+ …$/);
  t.ok(more.length > 3, 'it goes on');
  t.equal(more.at(-1), '', 'the line is empty again when the report begins');
  t.notOk(rest.includes(CLEAR), 'and nothing comes after it');
  t.not(stripVTControlCharacters(rest), rest, 'which is in colour');
  t.match(rest, /\nnot written: \/run\/quiesced\/status\.json needs root\r\n$/);
  const widest = Math.max(...rest.split('\r\n').map((line) => stripVTControlCharacters(line).length));
  t.ok(widest > 40, 'a terminal that does not know its width has 80 columns');
});

checkTest('a part of the checks does not pass for all of them', async (t, rig) => {
  t.match(await rig.run('check', '--only', 'os.arch64', '--json'), { json: { findings: [{ id: 'os.arch64' }] } });
  t.equal(rig.read(STATUS), '');
  const wrong = await rig.run('check', '--only', 'os.arhc64,os.arch6');
  t.match(wrong, { code: 2, stdout: '', stderr: /there is no check "os\.arhc64"/ });
  t.match(await rig.run('check', '--group', 'sotrage'), { code: 2, stderr: /there is no group/ });
  const list = await rig.run('check', '--list', '--json');
  conforms(t, 'checks', list.json);
  t.equal(list.code, 0);
});

checkTest('the formats of monitoring, with its exit codes', async (t, rig) => {
  rig.put(CONFIG, BROKEN);
  const nagios = await rig.run('check', '--format', 'nagios');
  t.equal(nagios.code, 2);
  t.match(
    nagios.stdout,
    /^CRITICAL - [^\n|]*\[app\.script-config\][^\n|]* \| fail=[1-9]\d*;;;0 [^\n]* time=\d+\.\d+s;;;0\n$/,
  );
  const { code, stdout } = await rig.run('check', '--format', 'prometheus', '--only', BROKEN_ID);
  t.equal(code, 2);
  t.match(stdout, /^quiesced_check\{id="app\.script-config",group="apps"\} 2$/m);
  t.match(stdout, /^quiesced_verdict 2$/m);
  t.match(stdout, /\n$/);
});

checkTest('--health and what it finds', async (t, rig) => {
  const status = {
    schema: 1,
    verdict: 'pass',
    counts: { pass: 3, info: 0, warn: 0, fail: 0, error: 0, skip: 0 },
    problems: [],
    expected: { consistency: 'crash', reason: 'x' },
  };
  const left = (more: object, ageMs = 0) =>
    rig.put(STATUS, JSON.stringify({ ...status, time: new Date(Date.now() - ageMs).toISOString(), ...more }));
  const asked = async (words: RegExp, code: number) => {
    const answer = await rig.runAsNobody('--health');
    t.match(answer, { code, stdout: words, stderr: '' });
    t.equal(answer.stdout.split('\n').length, 2, 'one line');
  };
  await asked(/^UNKNOWN: there is no \/run\/quiesced\/status\.json yet; as root, run: quiesced check/, 3);
  for (const verdict of VERDICTS) {
    left({ verdict });
    await asked(/^\S/, VERDICTS.indexOf(verdict));
  }
  left({ intervalMs: 60_000 }, 121_000);
  await asked(/^UNKNOWN: the last check is too old/, 3);
  left({ intervalMs: 60_000, verdict: 'fail' }, 121_000);
  await asked(/^NOT READY/, 2);
  rig.put(STATUS, '{"schema":1,');
  await asked(/cannot be used \(it is damaged/, 3);
  rig.put(STATUS, '{}', 0o600);
  await asked(/cannot be used \(EACCES\)/, 3);
  t.match(await rig.run('--health', '--nonsense'), { code: 2, stderr: /nonsense/ });
  t.match(await rig.run('--health', '--help'), { code: 0, stdout: /older than two intervals/ });
});

checkTest('a reader never sees a part of the status file', async (t, rig) => {
  await rig.run('check');
  const file = join(rig.root, STATUS);
  const inodes = new Set<number>();
  let reads = 0;
  let over = false;
  const look = () => {
    if (over) return;
    JSON.parse(readFileSync(file, 'utf8'));
    inodes.add(statSync(file).ino);
    reads += 1;
    setImmediate(look);
  };
  look();
  await Promise.all([rig.run('check'), rig.run('check')]);
  over = true;
  t.ok(reads > 100 && inodes.size > 1, `${reads} reads, ${inodes.size} files one after the other`);
});

/** Appends what it is given, and how it was called. */
const TELL = (rig: Rig) => `#!/bin/sh\nread -r notice\nprintf '%s %s\\n' "$*" "$notice" >>'${rig.root}/told'\n`;

const noticesOf = (rig: Rig) =>
  rig
    .read('/told')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ args: line.slice(0, line.indexOf('{') - 1), ...JSON.parse(line.slice(line.indexOf('{'))) }));

checkTest('a change for the worse is told once', async (t, rig) => {
  rig.put('/usr/local/sbin/tell', TELL(rig), 0o700);
  const notify = '[notify]\non-failure = /usr/local/sbin/tell\n';
  // Whatever else is wrong with the machine that this test runs on is told too, and does not count here.
  const count = () =>
    noticesOf(rig).filter(({ worse }) => worse.some(({ id }: { id: string }) => id === BROKEN_ID)).length;
  rig.put(CONFIG, notify);
  await rig.run('check');
  t.equal(count(), 0, 'nothing of it while all is well');
  rig.put(CONFIG, notify + BROKEN);
  await rig.run('check');
  t.equal(count(), 1, 'told');
  const notice = noticesOf(rig).at(-1);
  t.equal(notice?.args, 'worse fail');
  const { args: _, ...json } = notice ?? { args: '' };
  conforms(t, 'notice', json);
  await rig.run('check');
  t.equal(count(), 1, 'the same is not told again');
  rig.put(CONFIG, notify);
  await rig.run('check');
  t.equal(count(), 1, 'nor that it is mended');
  rig.put(CONFIG, notify + BROKEN);
  await rig.run('check');
  t.equal(count(), 2, 'but when it comes back');
});

checkTest('who cannot be told fails nothing', async (t, rig) => {
  rig.put('/usr/local/sbin/tell', '#!/bin/sh\nexit 7\n', 0o722);
  rig.put(CONFIG, `${BROKEN}[notify]\non-failure = /usr/local/sbin/tell\nurl = http://127.0.0.1:9/hook/hunter2\n`);
  const { code, stdout, stderr } = await rig.run('check');
  t.equal(code, 2, 'the exit code is that of the checks');
  t.match(stdout, /NOT READY/);
  t.match(stderr, /^quiesced: warn {2}the result was not told by notify-program: .* is writable by group and others/m);
  t.match(stderr, /^quiesced: warn {2}the result was not told by notify-url: 127\.0\.0\.1:9: .*ECONNREFUSED/m);
  t.notMatch(stderr, /hunter2/);
  t.not(rig.read(STATUS), '', 'and the others were told');
});

checkTest('metrics are replaced as a whole, where it is configured', async (t, rig) => {
  rig.put('/var/lib/node/other.prom', '');
  rig.put(CONFIG, '[report]\nprometheus = /var/lib/node/quiesced.prom\n');
  const { json } = await rig.run('check', '--json');
  const text = rig.read('/var/lib/node/quiesced.prom');
  t.match(text, new RegExp(`^quiesced_verdict ${VERDICTS.indexOf(json.verdict)}$`, 'm'));
  t.match(text, new RegExp(`^quiesced_last_check_timestamp_seconds ${Date.parse(json.time) / 1000}$`, 'm'));
  const samples = text.split('\n').filter((line) => line.startsWith('quiesced_check{'));
  const { pass, info, warn, fail, error } = json.counts;
  t.equal(samples.length, pass + info + warn + fail + error);
  t.equal(rig.mode('/var/lib/node/quiesced.prom'), 0o644);
});

checkTest('a wrong configuration is told, and the checks run all the same', async (t, rig) => {
  rig.put(CONFIG, '[report]\nprometheus = /var/lib/node/quiesced.txt\n');
  const { json, stderr } = await rig.run('check', '--json');
  t.match(stderr, /going on with the defaults: .*quiesced\.conf:2: \[report\] prometheus: does not end with \.prom/);
  t.match(json.expected, { consistency: 'none', reason: /does not end with \.prom/ });
  t.ok(json.findings.length > 1);
});
