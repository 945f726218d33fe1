import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startGuard } from '../../../agent/freezer/guard-connection.ts';
import { temporaryFolder, until } from './rig.ts';

t.test('the guard has our environment, but for what systemd gave to us alone', async (t) => {
  const file = join(temporaryFolder(t), 'env');
  const given = {
    QUIESCED_TEST_DEVICES: '7:1',
    NOTIFY_SOCKET: '/x',
    WATCHDOG_USEC: '1',
    LISTEN_FDS: '1',
    LISTEN_PID: '1',
  };
  const argv = ['/bin/sh', '-c', `env >${file}.new; mv ${file}.new ${file}; cat >/dev/null`];
  const guard = startGuard(argv, { PATH: '/usr/bin:/bin', ...given }, 3, undefined);
  t.teardown(() => guard.kill());
  const text = () => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  await until('it has written', () => text() !== '');
  t.match(text(), /^QUIESCED_TEST_DEVICES=7:1$/m);
  t.match(text(), /^UV_THREADPOOL_SIZE=10$/m);
  t.notMatch(text(), /NOTIFY|WATCHDOG|LISTEN/);
  guard.bye();
  await guard.gone(2000);
});

t.test('a guard that cannot be heard any more is taken for dead, and is', async (t) => {
  const guard = startGuard(['/bin/sh', '-c', 'exec sleep 30 >&-'], { PATH: '/usr/bin:/bin' }, 1, undefined);
  t.teardown(() => guard.kill());
  await new Promise<void>((resolve) => guard.onDeath(resolve));
  t.ok(guard.isGone());
});

t.test('a guard that could not be started is known to be none at once, and refuses to open', async (t) => {
  const guard = startGuard(['/there/is/none'], { PATH: '/usr/bin:/bin' }, 1, undefined);
  t.ok(guard.isGone());
  const order = { groups: [], deadlineMs: 1, expedite: false, journalPath: '', bootId: '', safeFreezeFolder: '' };
  const opened = guard.open({ ...order, daemonPid: process.pid }, 60_000, new AbortController().signal);
  await t.rejects(opened, { code: 'freeze.no-guard', message: /ended at once/ });
});
