/** The service of Windows, by Wine's service control manager: from its installation until nothing of it is left. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { WINE, wineMachine } from './machine.ts';

const skip = existsSync(WINE) ? false : 'Wine is not installed: see test/wine/setup.ts';

const SERVICE = 'HKLM\\System\\CurrentControlSet\\Services\\quiesced';

t.test('made, run, asked, stopped with something held, and removed', { skip, timeout: 280_000 }, async (t) => {
  const { quiesced, wine, disk } = await wineMachine(t);
  const json = (...args: readonly string[]) => JSON.parse(quiesced(...args, '--json').out);
  const place = join(disk, 'ProgramData/quiesced');
  mkdirSync(join(place, 'hooks.d'), { recursive: true });
  writeFileSync(join(place, 'hooks.d/10.cmd'), '@echo %1>> C:\\said.txt\r\n');
  // A post script of this kind takes its time, and the service is to wait for it.
  writeFileSync(join(place, 'hooks.d/20.cmd'), '@if "%1"=="thaw" ping -n 3 127.0.0.1 >nul\r\n@exit /b 0\r\n');

  t.match(json('service', 'start'), { error: { code: 'service.none' } });
  t.match(quiesced('daemon', '--service', '--json').out, /service\.not-started-by-windows/, 'not by a person');
  const { code, out, err } = quiesced('service', 'install');
  t.equal(code, 0, out + err);
  t.match(json('service', 'status'), { service: { state: 'running', pid: Number } });
  t.match(json('status'), { daemon: { onDemand: false } }, 'by its pipe');
  // Wine stores it, and does not read it when it starts a service: what comes of it is seen on a real Windows only.
  const environment = wine('reg.exe', 'query', SERVICE, '/v', 'Environment').out;
  t.match(environment, /NODE_OPTIONS=\\0NODE_PATH=/, 'what the machine sets for others in Node is not for it');
  t.equal(quiesced('check').code, quiesced('--health').code);

  t.equal(quiesced('hold', '--no-freeze', '--for', '170s').code, 0);
  t.match(json('hold', '--no-freeze'), { error: { code: 'lock.busy' } });
  t.equal(quiesced('service', 'stop').code, 0);
  t.match(json('service', 'status'), { service: { state: 'stopped', exitCode: 0, specificExitCode: 0 } });
  t.match(
    readFileSync(join(disk, 'said.txt'), 'utf8'),
    /^freeze\r\n(thaw|freeze-failed)\r\n$/,
    'let go before it went',
  );
  t.match(json('status'), { daemon: undefined, atWork: undefined, owed: [] });
  t.equal(json('history').outcomes.length, 1);
  t.match(readFileSync(join(place, 'log/quiesced.log'), 'utf8'), /ended by the service control manager/);

  // A folder, where the lock of the runs is a file.
  const lock = join(place, 'run/lock');
  rmSync(lock);
  mkdirSync(lock);
  t.match(json('service', 'start'), { error: { code: 'service.failed', message: /code 11/ } }, 'why it cannot start');
  rmdirSync(lock);

  t.equal(quiesced('service', 'start').code, 0, 'and again');
  t.equal(quiesced('service', 'uninstall').code, 0);
  t.match(json('service', 'status'), { service: undefined });
  t.match(json('service', 'uninstall'), { notes: [{ message: /none/ }, {}] });
  t.ok(existsSync(join(place, 'hooks.d/10.cmd')), 'what is the administrator’s stays');
});
