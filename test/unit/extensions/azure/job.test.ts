import { mkdirSync } from 'node:fs';
import t from 'tap';
import { enable } from '../../../../extensions/azure/handler/enable.ts';
import type { Handler } from '../../../../extensions/azure/handler/handler.ts';
import { runJob, settle } from '../../../../extensions/azure/handler/job.ts';
import { JOB_LOCK } from '../../../../extensions/azure/handler/record.ts';
import { handlerRig } from './handler-rig.ts';

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
  mkdirSync(system.resolve(JOB_LOCK));
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
