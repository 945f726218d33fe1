/** The program that is installed, on Wine: what it answers, and the whole of a run. Nothing here rests on Wine's stubs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { WINE, type WineMachine, wineMachine } from './machine.ts';

const skip = existsSync(WINE) ? false : 'Wine is not installed: see test/wine/setup.ts';

/** Scripts with all that a path may hold, that write down what they were called with. */
function plantScripts({ disk }: WineMachine): () => string {
  const folder = 'C:\\scripts of (x86) & co';
  const place = join(disk, folder.slice(3));
  const hooks = join(disk, 'ProgramData/quiesced/hooks.d');
  for (const each of [place, hooks]) mkdirSync(each, { recursive: true });
  const script = (words: string) => `@echo off\r\necho ${words}>> "${folder}\\log.txt"\r\n`;
  writeFileSync(join(place, 'pre.cmd'), script('pre %QUIESCED_PHASE%'));
  writeFileSync(join(place, 'post.bat'), script('post %QUIESCED_RESULT% %QUIESCED_CONSISTENCY%'));
  writeFileSync(join(hooks, '10-hook.cmd'), script('hook %1'));
  writeFileSync(
    join(disk, 'ProgramData/quiesced/quiesced.conf'),
    `[scripts]\r\npre = ${folder}\\pre.cmd\r\npost = ${folder}\\post.bat\r\n`,
  );
  return () => readFileSync(join(place, 'log.txt'), 'utf8').replaceAll('\r\n', '\n');
}

t.test('commands on Windows', { skip, timeout: 280_000 }, async (t) => {
  const machine = await wineMachine(t);
  const { quiesced, quiescedWith, disk } = machine;
  const json = (...args: readonly string[]) => JSON.parse(quiesced(...args, '--json').out);

  t.match(quiesced('--version').out, /^quiesced [\d.]+ \(node v24/);
  t.match(quiesced('--health'), { code: 3, out: /there is no C:\\ProgramData\\quiesced\\run\\status\.json yet/ });
  const report = quiesced('check', '--json');
  const { facts, expected } = JSON.parse(report.out);
  t.equal(facts.platform, 'windows');
  // Not known where the machine is too busy to look ahead in time; more than a crash would be a lie.
  t.match(expected.consistency, /^(crash|unknown)$/);
  t.equal(quiesced('--health').code, report.code, 'what was found is left behind');
  t.match(json('freeze'), { error: { code: 'freeze.windows', remedy: /--no-freeze/ } });
  t.match(json('hold'), { error: { code: 'freeze.windows' } });

  await t.test('a wrong configuration', async (t) => {
    mkdirSync(join(disk, 'ProgramData/quiesced'), { recursive: true });
    writeFileSync(join(disk, 'ProgramData/quiesced/quiesced.conf'), '[snapshot]\r\non-failure = abrot\r\n');
    const { code, err } = quiesced('config');
    t.equal(code, 1);
    t.match(err, /C:\\ProgramData\\quiesced\\quiesced\.conf:2.*on-failure/s);
  });

  await t.test('a rehearsal, a snapshot by a command, and a hold run the scripts', async (t) => {
    const log = plantScripts(machine);
    t.match(json('rehearse', '--yes'), { wouldBe: 'crash', faults: [], frozen: [] });
    const around = (result: string) => `pre pre\nhook freeze\nhook thaw\npost ${result} crash\n`;
    t.equal(log(), around('success'), 'each with its word, the last first on the way back');

    writeFileSync(join(disk, 'take.cmd'), '@set /p line=\r\n@echo {"ok":true,"snapshot":"s1"}\r\n@set /p line=\r\n');
    const taken = JSON.parse(quiesced('snapshot', '--json', '--', 'C:\\take.cmd').out);
    t.match(taken, { consistency: 'crash', snapshot: 's1', faults: [] }, 'never more than was held');

    t.equal(quiesced('hold', '--no-freeze', '--for', '170s').code, 0);
    t.match(json('status'), { run: { state: 'held', kind: 'hold' }, atWork: { command: 'quiesced hold' } });
    t.match(json('rehearse', '--yes'), { error: { code: 'lock.busy' } });
    t.match(json('release'), { consistency: 'crash', faults: [] });
    t.match(json('status'), { owed: [] });
    t.equal(log(), around('success').repeat(3));
    t.equal(json('history').outcomes.length, 3);
  });

  await t.test('what somebody should see is handed to the log of events', async (t) => {
    const fault = { QUIESCED_TEST_FAULT: 'pre-script.run.after=kill', QUIESCED_TEST_FAULT_REACHED: 'C:\\reached.txt' };
    t.equal(quiescedWith(fault, 'rehearse', '--yes', '--json').out, '', 'it is dead');
    // Wine keeps no events and reads none back, and of their numbers and source it says nothing: only what it was told to keep.
    const { code, err } = quiescedWith({ WINEDEBUG: '-all,+eventlog' }, 'recover');
    t.equal(code, 0);
    t.match(err, /warn:eventlog:ReportEventW L"what a run owed has been left in its place id=/, 'as a warning');
    t.notMatch(err, /L"(warn|error)/, 'without the level, which the event has itself');
  });

  await t.test('the proxy', async (t) => {
    const before = json('proxy', 'show').set;
    const settings = 'HKU\\S-1-5-18\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
    t.equal(machine.wine('reg.exe', 'add', settings, '/v', 'ProxyEnable', '/t', 'REG_DWORD', '/d', '0', '/f').code, 0);
    t.ok(json('proxy', 'plan', '--url', 'http://10.0.0.8:3128').files.length > 0);
    t.equal(quiesced('proxy', 'apply', '--url', 'http://10.0.0.8:3128', '--bypass', '.x.example').code, 0);
    const { used } = json('proxy', 'show');
    for (const consumer of ['local-system', 'winhttp']) {
      t.match(
        used.find((each: { consumer: string }) => each.consumer === consumer),
        { proxy: 'http://10.0.0.8:3128', bypass: ['168.63.129.16', '169.254.169.254'] },
        consumer,
      );
    }
    t.strictSame(json('proxy', 'apply', '--url', 'http://10.0.0.8:3128', '--bypass', '.x.example').files, []);
    t.equal(quiesced('proxy', 'undo').code, 0);
    t.strictSame(json('proxy', 'show').set, before);

    t.match(json('proxy', 'apply', '--from-current-user'), { error: { code: 'proxy.none' } });
    for (const [name, type, value] of [
      ['ProxyEnable', 'REG_DWORD', '1'],
      ['ProxyServer', 'REG_SZ', 'http=10.0.0.9:80;https=10.0.0.9:8080'],
      ['ProxyOverride', 'REG_SZ', '*.y.example;10.1.*;<local>'],
    ] as const) {
      const users = settings.replace('HKU\\S-1-5-18', 'HKCU');
      t.equal(machine.wine('reg.exe', 'add', users, '/v', name, '/t', type, '/d', value, '/f').code, 0, name);
    }
    t.equal(quiesced('proxy', 'apply', '--from-current-user', '--bypass', '.z.example').code, 0);
    for (const consumer of ['local-system', 'winhttp']) {
      const found = json('proxy', 'show').used.find((each: { consumer: string }) => each.consumer === consumer);
      t.equal(found.proxy, 'http://10.0.0.9:8080', consumer);
      for (const item of ['.y.example', '10.1.0.0/16', '.z.example']) t.ok(found.bypass.includes(item), item);
    }
    t.equal(quiesced('proxy', 'undo').code, 0);
    t.strictSame(json('proxy', 'show').set, before);
  });
});
