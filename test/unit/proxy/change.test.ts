import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { changeProxy, previewProxy } from '../../../agent/proxy/change.ts';
import { proxySettings } from '../../../agent/proxy/settings.ts';
import { settleUnlessBusy } from '../../../agent/proxy/settle.ts';
import { takeLock } from '../../../agent/system/lock.ts';
import { lockPath } from '../../../agent/system/run-lock.ts';
import type { FakeSystem } from '../../fakes/system.ts';
import { filesOf, machineOf, partsOf, WANTED } from './machines.ts';

const APPLY = { do: 'apply', wanted: WANTED, packages: false } as const;
const CLEAR = { do: 'clear' } as const;
const UNDO = { do: 'undo', force: false } as const;
const RECORD = '/var/lib/quiesced/proxy/record.json';
const CONF = 'etc/waagent.conf';

/** `rhel-9` with systemd, as the running machine; systemctl answers that its agent is there. */
function running(t: Test, systemctl: Record<string, object> = {}): FakeSystem {
  const show = { stdout: 'Id=waagent.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n' };
  const programs = { systemctl: async (argv: readonly string[]) => systemctl[argv[1] ?? ''] ?? show };
  const system = machineOf(t, 'rhel-9', { programs });
  mkdirSync(join(system.root, 'run/systemd/system'), { recursive: true });
  return Object.assign(system, { live: true });
}

const effects = ({ ran }: FakeSystem) => ran.map((argv) => argv.join(' ')).filter((line) => !/ show /.test(line));

t.test('whoever reads it at its start only is restarted, once, and told of before', async (t) => {
  const system = running(t);
  let told: readonly string[] = [];
  await changeProxy(partsOf(system), APPLY, 'all', ({ runs }) => {
    told = runs.map(({ argv }) => argv.join(' '));
    t.equal(filesOf(system)['etc/environment'], '644 ', 'said beforehand');
  });
  const wanted = ['systemctl daemon-reload', 'systemctl try-restart waagent.service'];
  t.strictSame(told, wanted);
  t.strictSame(effects(system), wanted);
  await changeProxy(partsOf(system), APPLY, 'all');
  t.strictSame(effects(system), wanted, 'nothing of it has changed: nothing is restarted');

  writeFileSync(join(system.root, 'etc/environment'), '');
  await changeProxy(partsOf(system), APPLY, 'all');
  t.strictSame(effects(system), wanted, 'logins are not its business');
  writeFileSync(join(system.root, CONF), 'Extensions.Enabled=y\n');
  await changeProxy(partsOf(system), APPLY, 'all');
  t.strictSame(effects(system).slice(2), ['systemctl try-restart waagent.service'], 'no unit was changed');

  const { notes } = await changeProxy(partsOf(system), CLEAR, 'none');
  t.match(notes, [{ message: 'waagent.service reads it at its next start', remedy: /daemon-reload/ }]);
  t.equal(effects(system).length, 3);
});

t.test('our own daemon: restarted by others, never by itself', async (t) => {
  const system = running(t);
  writeFileSync(join(system.root, 'usr/lib/systemd/system/quiesced.service'), '[Service]\n');
  await changeProxy(partsOf(system), APPLY, 'others');
  t.notOk(effects(system).some((line) => line.includes('quiesced.service')));
  await changeProxy(partsOf(system), CLEAR, 'all');
  t.equal(effects(system).at(-1), 'systemctl try-restart quiesced.service');
});

t.test('never while a backup is under way', async (t) => {
  const system = running(t);
  const before = filesOf(system);
  const busy = partsOf(system, 'VMSnapshotLinux 1.0 has been at work for 3 min');
  await t.rejects(changeProxy(busy, APPLY, 'all'), { code: 'proxy.backup', message: /at work for 3 min/ });
  t.strictSame(filesOf(system), before, 'nothing was touched');
  t.strictSame(effects(system), []);
  await changeProxy(busy, APPLY, 'none');
  t.strictSame(effects(system), [], 'without the restart it does no harm');
});

t.test('a run of ours that is under way', async (t) => {
  const system = running(t);
  mkdirSync(join(system.root, 'run/quiesced'), { recursive: true });
  const lock = await takeLock(lockPath(system), { pid: 7, command: 'quiesced hold', since: 'noon' });
  t.teardown(() => lock.release());
  await t.rejects(changeProxy(partsOf(system), APPLY, 'all'), { code: 'lock.busy', message: /quiesced hold/ });
});

t.test('a restart that fails: the files stay, and it is tried once more', async (t) => {
  const systemctl: Record<string, object> = { 'try-restart': { exitCode: 1, stderr: 'Job failed.\n' } };
  const system = running(t, systemctl);
  await t.rejects(changeProxy(partsOf(system), APPLY, 'all'), {
    code: 'proxy.restart',
    message: /the files are changed, but systemctl try-restart waagent.service failed: it ended with 1: Job failed/,
  });
  t.match(filesOf(system)[CONF], /HttpProxy.Host=10.0.0.8/);
  delete systemctl['try-restart'];
  const busy = await settleUnlessBusy(partsOf(system, 'busy'), 'test');
  t.match(busy, [{ message: /^systemctl try-restart waagent.service waits: busy$/ }]);
  t.match(await settleUnlessBusy(partsOf(system), 'test'), [
    { message: /left programs to be run, which has been done/ },
  ]);
  t.equal(effects(system).filter((line) => line.includes('try-restart')).length, 2);
  t.strictSame(await settleUnlessBusy(partsOf(system), 'test'), []);
});

t.test('a failure in the third takes back the first two', async (t) => {
  const system = machineOf(t, 'already-set');
  const before = filesOf(system);
  const write = system.write;
  for (const broken of [
    '/etc/environment',
    '/etc/waagent.conf',
    '/etc/systemd/system/waagent.service.d/quiesced-proxy.conf',
  ]) {
    let failures = 0;
    const failing = Object.assign(Object.create(system), {
      write: async (path: string, ...rest: [string]) => {
        if (path === broken && failures++ === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        return write(path, ...rest);
      },
    });
    await t.rejects(changeProxy(partsOf(failing), APPLY, 'none'), {
      code: 'change.failed',
      message: `${broken} could not be changed: no space left (everything is as it was)`,
    });
    t.strictSame(filesOf(system), before, broken);
    t.equal(await system.readText(RECORD), undefined, 'nothing is left to be settled');
  }
});

t.test('what cannot be put back is put back by the next command', async (t) => {
  const system = machineOf(t, 'already-set');
  const before = filesOf(system);
  let broken = true;
  const failing = Object.assign(Object.create(system), {
    write: async (path: string, ...rest: [string]) => {
      if (broken && path.endsWith('quiesced-proxy.conf')) throw new Error('no');
      if (broken && path === '/etc/environment' && !rest[0].includes('10.0.0.8')) throw new Error('not now');
      return system.write(path, ...rest);
    },
  });
  await t.rejects(changeProxy(partsOf(failing), APPLY, 'none'), {
    code: 'change.half',
    message: /not put back: \/etc\/environment \(not now\)/,
  });
  await t.rejects(changeProxy(partsOf(failing), CLEAR, 'none'), { code: 'change.half' });
  broken = false;
  t.match(await settleUnlessBusy(partsOf(failing), 'test'), [{ message: /taken back/ }]);
  t.strictSame(filesOf(system), before);
});

t.test('a record that cannot be written: nothing is touched', async (t) => {
  const system = machineOf(t, 'already-set');
  const before = filesOf(system);
  const full = (from: number) => {
    let writes = 0;
    return Object.assign(Object.create(system), {
      write: async (path: string, ...rest: [string]) => {
        if (path === RECORD && ++writes >= from) throw new Error('no space left');
        return system.write(path, ...rest);
      },
    });
  };
  await t.rejects(changeProxy(partsOf(full(1)), APPLY, 'none'), { code: 'record.unwritable' });
  t.strictSame(filesOf(system), before);
  await t.rejects(changeProxy(partsOf(full(2)), APPLY, 'none'), { code: 'change.failed', message: /on record/ });
  t.strictSame(filesOf(system), before, 'what cannot be undone later is not done');
  await changeProxy(partsOf(system), APPLY, 'none');
  writeFileSync(join(system.root, RECORD), '{"schema": 1');
  await t.rejects(changeProxy(partsOf(system), CLEAR, 'none'), { code: 'record.broken' }, 'never taken for none');
});

t.test('what others edit in between is theirs', async (t) => {
  const system = machineOf(t, 'rhel-9');
  const parts = partsOf(system);
  await changeProxy(parts, APPLY, 'none');
  const ours = readFileSync(join(system.root, CONF), 'latin1');
  writeFileSync(join(system.root, CONF), `${ours}Logs.Verbose=y\n`);
  await t.rejects(changeProxy(parts, UNDO, 'none'), { code: 'proxy.edited', message: /\/etc\/waagent\.conf$/ });
  const { steps } = await previewProxy(parts, { do: 'undo', force: true }, 'none');
  t.ok(steps.some(({ path }) => path === '/etc/waagent.conf'));
  await changeProxy(parts, CLEAR, 'none');
  t.match(filesOf(system)[CONF], /OS.EnableFirewall=y\nLogs.Verbose=y\n$/, 'a clear keeps it');
  t.notMatch(filesOf(system)[CONF], /quiesced/);
});

t.test('a mend belongs to what it mends: undo goes back over both, and keeps what others have replaced', async (t) => {
  const system = machineOf(t, 'already-set');
  const parts = partsOf(system);
  const before = filesOf(system);
  await changeProxy(parts, APPLY, 'none');
  writeFileSync(join(system.root, CONF), 'Extensions.Enabled=n\n');
  await changeProxy(parts, APPLY, 'none');
  await changeProxy(parts, UNDO, 'none');
  t.strictSame(filesOf(system), { ...before, [CONF]: '644 Extensions.Enabled=n\n' }, 'the newer file, not the older');
});

t.test('owner and mode come back too', { skip: process.geteuid?.() === 0 ? false : 'needs root' }, async (t) => {
  const system = machineOf(t, 'rhel-9');
  const conf = join(system.root, CONF);
  chownSync(conf, 65_534, 12_345);
  chmodSync(conf, 0o640);
  await changeProxy(partsOf(system), APPLY, 'none');
  t.match(statSync(conf), { uid: 65_534, gid: 12_345, mode: 0o100_640 });
  await system.remove('/etc/waagent.conf');
  await changeProxy(partsOf(system), { do: 'undo', force: true }, 'none');
  t.match(statSync(conf), { uid: 65_534, gid: 12_345, mode: 0o100_640 }, 'also of a file that was gone');
});

t.test('ten changes back, and always to the first state', async (t) => {
  const system = machineOf(t, 'rhel-9');
  const before = filesOf(system);
  for (let port = 1; port <= 14; port += 1) {
    const wanted = proxySettings(`http://10.0.0.8:${port}`, [], 'test');
    await changeProxy(partsOf(system), { ...APPLY, wanted }, 'none');
  }
  for (let left = 10; left > 0; left -= 1) {
    t.notSame(filesOf(system), before);
    await changeProxy(partsOf(system), UNDO, 'none');
  }
  t.strictSame(filesOf(system), before);
});

t.test('a link that somebody else may turn is not followed', { skip: process.geteuid?.() !== 0 }, async (t) => {
  const system = running(t);
  const folder = join(system.root, 'home/somebody');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'conf'), 'Extensions.Enabled=y\n');
  chownSync(folder, 65_534, 65_534);
  await system.remove('/etc/waagent.conf');
  symlinkSync('/home/somebody/conf', join(system.root, CONF));
  const before = filesOf(system);
  await t.rejects(changeProxy(partsOf(system), APPLY, 'all'), {
    code: 'proxy.unsafe',
    message: /belongs to uid 65534/,
  });
  t.strictSame(filesOf(system), before);
});

t.test('what stands in the way is named, and nothing is changed', async (t) => {
  const system = machineOf(t, 'rhel-9');
  const folder = join(system.root, 'etc/systemd/system/waagent.service.d');
  mkdirSync(folder);
  writeFileSync(join(folder, 'quiesced-proxy.conf'), '[Service]\n');
  const before = filesOf(system);
  await t.rejects(changeProxy(partsOf(system), APPLY, 'none'), { code: 'file.foreign' });
  t.strictSame(filesOf(system), before);
  await system.remove('/etc/environment');
  symlinkSync('/nowhere', join(system.root, 'etc/environment'));
  await t.rejects(changeProxy(partsOf(system), CLEAR, 'none'), { code: 'file.kind', message: /a link to nothing/ });
});
