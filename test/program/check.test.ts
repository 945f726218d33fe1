import { stripVTControlCharacters } from 'node:util';
import { BROKEN, BROKEN_ID, checkTest, conforms, STATUS } from './check-rig.ts';

const CONFIG = '/etc/quiesced/quiesced.conf';
const VERDICTS = ['pass', 'warn', 'fail', 'error'];

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
