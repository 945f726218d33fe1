import t, { type Test } from 'tap';
import { defaultConfig } from '../../../agent/config/load.ts';
import type { QuiescerConfig } from '../../../agent/config/schema.ts';
import { WORKLOAD_CONF, workloadCodeOf } from '../../../agent/quiescers/workload.ts';
import { workloadQuiescers } from '../../../agent/quiescers/workload-quiescer.ts';
import { fakeSystem } from '../../fakes/system.ts';

const MYSQL = '[workload]\nworkload_name = mysql\nlinux_user = mysql\n';
const section = (name: string, enabled = true): QuiescerConfig => ({
  name,
  source: { from: 'file', file: '/etc/quiesced/quiesced.conf', line: 1 },
  enabled,
  onFailure: 'inherit',
  timeoutMs: 60_000,
  lockWaitMs: 5000,
  settings: {},
});

async function made(t: Test, text: string | undefined, ...quiescers: readonly QuiescerConfig[]) {
  const system = fakeSystem({ files: text === undefined ? {} : { [WORKLOAD_CONF]: text } });
  t.teardown(() => system.cleanUp());
  return workloadQuiescers(system, { ...(await defaultConfig('linux')), quiescers }, []);
}

t.test('what it names is held, unless a section of ours holds it', async (t) => {
  t.strictSame(await made(t, undefined), []);
  t.match(await made(t, MYSQL), [{ id: 'mysql.workload', title: 'MySQL (workload)' }]);
  t.match(await made(t, MYSQL, section('postgresql'), section('mysql', false)), [{ id: 'mysql.workload' }]);
  t.strictSame(await made(t, MYSQL, section('mysql')), []);
  const oracle = '[workload]\nworkload_name = oracle\n';
  t.match(await made(t, oracle, section('session.mongodb')), [{ id: 'session.workload' }], 'another client program');
});

t.test('what cannot be honoured cannot be held, and says why, by its number', async (t) => {
  const [quiescer, ...more] = await made(t, '[workload]\nworkload_name = db2\n');
  t.strictSame(more, []);
  const error = await quiescer?.hold(new AbortController().signal).catch((thrown: Error) => thrown);
  t.match(error?.message, /^\(503\) .*workload_name = db2 is not known → It may be/);
  t.equal(workloadCodeOf({ during: 'enter', message: `${quiescer?.title}: ${error?.message}` }), 503);
  await t.resolves(async () => quiescer?.release(new AbortController().signal));
});
