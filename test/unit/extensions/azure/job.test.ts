import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { UserError } from '../../../../agent/errors.ts';
import { takeLock } from '../../../../agent/system/lock.ts';
import { enable } from '../../../../extensions/azure/handler/enable.ts';
import type { Handler } from '../../../../extensions/azure/handler/handler.ts';
import { runJob, settle } from '../../../../extensions/azure/handler/job.ts';
import { jobLockOf } from '../../../../extensions/azure/handler/record.ts';
import { FOLDER, handlerRig } from './handler-rig.ts';

const NEVER = new AbortController().signal;
const JOB = { sequence: 1, taskId: 'task', phase: 'begun' } as const;

t.test('what a dead job left cannot be brought back: it has its end all the same, which says so', async (t) => {
  for (const end of [runJob, settle]) {
    const { system, handler, known, jobs, status } = handlerRig(t);
    await known(JOB);
    // The lock of all runs: nobody can take it.
    mkdirSync(system.resolve('/run/quiesced/lock'));
    await end(handler, 1, NEVER);
    t.match(await jobs(), [{ phase: 'ended' }], end.name);
    t.match(await status(1), /cut off.*could not be brought back.*cannot be opened/s);
  }
});

t.test('the lock of the jobs cannot be taken at all: an end, which says so', async (t) => {
  const { system, handler, known, jobs, status } = handlerRig(t);
  await known({ ...JOB, phase: 'handed' });
  mkdirSync(jobLockOf(system));
  await runJob(handler, 1, NEVER);
  t.match(await jobs(), [{ phase: 'ended' }]);
  t.match(await status(1), /azure-job\.lock cannot be opened/);
});

t.test('cut off while it told its end: it is told once more, by whoever comes first', async (t) => {
  for (const teller of [runJob, settle, (handler: Handler) => enable(handler, 2)]) {
    const { handler, known, jobs, status } = handlerRig(t);
    await known({ ...JOB, phase: 'ended', status: 'the end', untold: 'the end, for the blob' });
    await teller(handler, 1, NEVER);
    const told = teller === runJob || teller === settle;
    t.equal(await status(told ? 1 : 2), 'the end');
    if (!told) await runJob(handler, 1, NEVER);
    t.equal((await jobs())[0]?.untold, undefined, 'and then never again');
  }
});

t.test('a job that has waited for too long, or is told to end while it waits, has its end', async (t) => {
  const ends = { 'one at a time': { lateMs: 16 * 60_000 }, 'ended by SIGTERM': { lateMs: 0 } };
  for (const [said, { lateMs }] of Object.entries(ends)) {
    const { system, handler, known, jobs, status } = handlerRig(t);
    await known({ ...JOB, phase: 'handed' });
    const lock = await takeLock(jobLockOf(system), { pid: process.pid, command: 'another job', since: 'now' });
    t.teardown(() => lock.release());
    let looks = 0;
    const clock = { ...system.clock, monotonicMs: () => (looks++ === 0 ? 0 : lateMs) };
    const end = new AbortController();
    if (lateMs === 0) end.abort(new UserError('ended', 'ended by SIGTERM'));
    await runJob({ ...handler, system: { ...system, clock } }, 1, end.signal);
    t.match(await jobs(), [{ phase: 'ended', untold: undefined }], said);
    t.match(await status(1), new RegExp(`nothing was touched: ${said}`));
  }
});

t.test('cut off: the service has its word before the rest is brought back', async (t) => {
  const { system, handler, known, status } = handlerRig(t);
  await known(JOB);
  const said: (string | undefined)[] = [];
  // Where recovery begins.
  const resolve = (path: string): string => {
    if (path === '/run/quiesced/lock') said.push(statusNow());
    return system.resolve(path);
  };
  const statusNow = () => {
    const path = system.resolve(`${FOLDER}/status/1.status`);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  await settle({ ...handler, system: { ...system, resolve } }, 1);
  t.match(said, [/cut off/]);
  t.match(await status(1), /cut off/);
});
