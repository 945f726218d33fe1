import t from 'tap';
import { changeRecord, jobOf, parseRecord, readRecord, withJob } from '../../../../extensions/azure/handler/record.ts';
import { fakeSystem } from '../../../fakes/system.ts';

const job = (sequence: number, taskId: string, phase: 'handed' | 'begun' | 'ended' = 'ended') => ({
  sequence,
  taskId,
  phase,
});

t.test('what was written is read back, on this machine and on no other', async (t) => {
  const system = fakeSystem({ files: { '/run/x': '' } });
  t.teardown(system.cleanUp);
  await changeRecord(system, 'vm-1', (record) => withJob(record, job(1, 'a', 'handed')));
  await changeRecord(system, 'vm-1', (record) => withJob(record, job(1, 'a', 'begun')));
  t.strictSame((await readRecord(system, 'vm-1')).jobs, [job(1, 'a', 'begun')]);
  t.equal((await readRecord(system, 'vm-1')).foundState, false, 'quiesced had no place here before');
  t.strictSame((await readRecord(system, 'vm-2')).jobs, [], 'a machine that was restored from it begins anew');
  await system.write('/var/lib/quiesced/azure/handler.json', '{');
  t.strictSame((await readRecord(system, 'vm-1')).jobs, [], 'nor is what cannot be read an end of everything');
});

t.test('a job is known by its number, or by its task under another', async (t) => {
  const record = { schema: 1 as const, machineId: '', foundState: true, jobs: [job(1, 'a'), job(2, 'b'), job(3, '')] };
  t.equal(jobOf(record, { sequence: 1, taskId: 'a' })?.sequence, 1);
  t.equal(jobOf(record, { sequence: 7, taskId: 'b' })?.sequence, 2);
  t.equal(jobOf(record, { sequence: 1, taskId: 'new' }), undefined, 'numbers begin again: it is the task that counts');
  t.equal(jobOf(record, { sequence: 3, taskId: '' })?.sequence, 3);
  t.equal(jobOf(record, { sequence: 4, taskId: '' }), undefined);
  const many = Array.from({ length: 30 }, (_, at) => job(at, String(at))).reduce(withJob, record);
  t.equal(many.jobs.length, 10, 'the last few');
  t.equal(many.jobs.at(-1)?.sequence, 29);
});

t.test('what is no record', async (t) => {
  for (const text of ['', '[]', '{"schema":2}', '{"schema":1,"machineId":"","foundState":true,"jobs":[{}]}']) {
    t.equal(parseRecord(text), undefined, text);
  }
});
