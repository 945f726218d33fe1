import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { takeLock } from '../../../../agent/system/lock.ts';
import { enable } from '../../../../extensions/azure/handler/enable.ts';
import { runJob } from '../../../../extensions/azure/handler/job.ts';
import { jobLockOf } from '../../../../extensions/azure/handler/record.ts';
import { until } from '../../freezer/rig.ts';
import { handlerRig } from './handler-rig.ts';

const NEVER = new AbortController().signal;

t.test('the same task under another number: its process goes on, and the end is told under the last one', async (t) => {
  for (const phase of ['handed', 'begun'] as const) {
    const { handler, known, jobs, status } = handlerRig(t);
    await known({ sequence: 1, taskId: 'task', phase });
    await enable(handler, 2);
    t.match(await status(2), /Transitioning/, phase);
    // What enable started, had there been a program.
    await runJob(handler, 1, NEVER);
    t.match(await jobs(), [{ sequence: 1, phase: 'ended' }], 'one job');
    t.match(await status(2), phase === 'handed' ? /Install Succeeded/ : /cut off/, 'the end');
    t.equal(await status(1), undefined, 'the highest number is the one that the agent reads: no other is there');
  }
});

t.test('a job whose process died while it waited for another one is started again', async (t) => {
  const started = join(t.testdir(), 'started');
  const { system, handler, known } = handlerRig(t, { self: ['/bin/sh', '-c', `: >'${started}'`] });
  await known({ sequence: 1, taskId: 'task', phase: 'handed' });
  const lock = await takeLock(jobLockOf(system), { pid: process.pid, command: 'another job', since: 'now' });
  t.teardown(() => lock.release());
  await enable(handler, 1);
  await until('it is started', () => existsSync(started), 60_000);
});

t.test('the job ends while it is handed over once more: the end stays, and nothing is done twice', async (t) => {
  const { system, handler, known, jobs, status } = handlerRig(t);
  const enabled = enable(handlerWith(system.readText), 1);
  await enabled;
  t.match(await jobs(), [{ phase: 'ended', status: 'the end' }]);
  t.equal(await status(1), 'the end');

  /** Between its look at the record and its own change of it, the other one goes all the way. */
  function handlerWith(readText: typeof system.readText) {
    let done = false;
    return {
      ...handler,
      system: {
        ...system,
        async readText(path: string) {
          const text = await readText(path);
          if (path.endsWith('handler.json') && !done) {
            done = true;
            await known({ sequence: 1, taskId: 'task', phase: 'ended', status: 'the end' });
          }
          return text;
        },
      },
    };
  }
});
