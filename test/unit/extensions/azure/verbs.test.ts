import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Handler } from '../../../../extensions/azure/handler/handler.ts';
import { jobLockOf } from '../../../../extensions/azure/handler/record.ts';
import { disable, install, uninstall, update } from '../../../../extensions/azure/handler/verbs.ts';
import { handlerRig } from './handler-rig.ts';

t.test('a downgrade: the version that goes away leaves the record to the one that comes', async (t) => {
  const { system, handler, known, jobs } = handlerRig(t);
  await known({ sequence: 1, taskId: 'task', phase: 'ended', status: 'the end' });
  await update({ ...handler, system: { ...system, env: { VERSION: '0.0.9.0' } } });
  await uninstall(handler);
  t.match(await jobs(), [{ phase: 'ended' }]);
});

t.test('the package came after the extension: its history stays when the extension goes', async (t) => {
  const units = ['/usr/lib/systemd/system/quiesced.service', '/etc/systemd/system/quiesced.service', undefined];
  for (const unit of units) {
    const { system, handler } = handlerRig(t, unit === undefined ? {} : { files: { [unit]: '' } });
    await install(handler);
    await system.write('/var/lib/quiesced/history.json', '[]');
    await uninstall(handler);
    t.equal(await system.readText('/var/lib/quiesced/history.json'), unit && '[]', unit ?? 'none: nothing stays');
  }
});

const LOCK = join(import.meta.dirname, '../../../../agent/system/lock.ts');

/** A process that has the lock of the jobs, and lets go of it when it is told to end, if it does as it is told. */
async function jobAtWork(t: Test, { system }: Handler, heeds: boolean) {
  await system.makeDir('/run/quiesced', 0o755);
  const program = `
    const { takeLock } = await import(${JSON.stringify(LOCK)});
    const lock = await takeLock(process.argv[1], { pid: process.pid, command: 'job', since: 'now' });
    process.on('SIGTERM', () => ${heeds ? 'process.exit(lock.fd > 0 ? 0 : 1)' : 'undefined'});
    setInterval(() => undefined, 1000);
    console.log('at work');`;
  const argv = ['--input-type=module', '-e', program, jobLockOf(system)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

/** Each look at the clock finds a minute gone. */
const hurrying = (handler: Handler): Handler => {
  let nowMs = 0;
  const monotonicMs = () => {
    nowMs += 60_000;
    return nowMs;
  };
  return { ...handler, system: { ...handler.system, clock: { ...handler.system.clock, monotonicMs } } };
};

t.test('a job at work is told to end when it was waited for, and its end is waited for', async (t) => {
  const { handler } = handlerRig(t);
  for (const verb of [disable, uninstall]) {
    const job = await jobAtWork(t, handler, true);
    const gone = once(job, 'exit');
    await verb(hurrying(handler));
    t.strictSame(await gone, [0, null], verb.name);
  }
});

t.test('a job that does not end keeps what it needs', async (t) => {
  const { handler, known, jobs } = handlerRig(t);
  await install(handler);
  await known({ sequence: 1, taskId: 'task', phase: 'begun' });
  const job = await jobAtWork(t, handler, false);
  await uninstall(hurrying(handler));
  t.equal(job.exitCode, null);
  t.match(await jobs(), [{ phase: 'begun' }]);
});

t.test('what waiting for a start has taken is not waited for once more: the agent ends us after 300 s', async (t) => {
  const { handler, known } = handlerRig(t);
  await known({ sequence: 1, taskId: 'task', phase: 'handed' });
  const { clock } = handler.system;
  let atWork = false;
  let nowMs = 0;
  // Its start takes half a minute; then each look finds another half gone, and it does not end.
  const monotonicMs = () => {
    const thenMs = nowMs;
    nowMs = atWork ? nowMs + 30_000 : 29_000;
    return thenMs;
  };
  const going = uninstall({ ...handler, system: { ...handler.system, clock: { ...clock, monotonicMs } } });
  await jobAtWork(t, handler, false);
  atWork = true;
  await going;
  t.ok(nowMs <= 330_000, `given up at ${nowMs - 30_000} ms`);
});

t.test('a job that was handed on a moment ago is waited for, and one that never starts is not', async (t) => {
  const { handler, known } = handlerRig(t);
  await known({ sequence: 1, taskId: 'task', phase: 'handed' });
  const going = disable(handler).then(() => 'gone');
  t.equal(await Promise.race([going, sleep(600, 'waits')]), 'waits');
  await known({ sequence: 1, taskId: 'task', phase: 'ended', status: 'the end' });
  t.equal(await going, 'gone');
  await known({ sequence: 2, taskId: 'another', phase: 'handed' });
  await t.resolves(disable(hurrying(handler)));
});
