import t from 'tap';
import { defaultConfig } from '../../../agent/config/load.ts';
import { prometheusFile } from '../../../agent/reporters/prometheus.ts';
import { parseStatus, statusFile } from '../../../agent/reporters/status-file.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { problem, told } from './told.ts';

const PATH = '/run/quiesced/status.json';

t.test('is written for everybody to read, and read back', async (t) => {
  const system = fakeSystem();
  t.teardown(() => system.cleanUp());
  const given = told({ intervalMs: 1000 });
  await statusFile.report(given, { system, config: await defaultConfig('linux') });
  t.strictSame(parseStatus((await system.readText(PATH)) ?? ''), given.status);
  t.match(await system.stat(PATH), { mode: 0o644 });
  t.match(await system.stat('/run/quiesced'), { mode: 0o755 });
  t.strictSame(await system.list('/run/quiesced'), ['status.json'], 'no temporary file is left');
});

t.test('what cannot be understood is refused', async (t) => {
  const good = told().status;
  const bad = {
    'cut off': '{"schema":1,"time":"2026',
    'another version': JSON.stringify({ ...good, schema: 2 }),
    'no time': JSON.stringify({ ...good, time: 'yesterday' }),
    'no such verdict': JSON.stringify({ ...good, verdict: 'toString' }),
    'no problems': JSON.stringify({ ...good, problems: undefined }),
    'no counts': JSON.stringify({ ...good, counts: null }),
    'nothing to expect': JSON.stringify({ ...good, expected: null }),
    'no text in a problem': JSON.stringify({
      ...good,
      problems: [{ ...problem('warn', 'a.a'), detail: { toString: null } }],
    }),
    'no interval': JSON.stringify({ ...good, intervalMs: 'often' }),
    'not an object': 'null',
    empty: '',
  };
  for (const [name, text] of Object.entries(bad)) t.throws(() => parseStatus(text), name);
});

t.test('metrics are written only where it is configured, and never where others may put a link', async (t) => {
  const system = fakeSystem({ files: { '/var/lib/node/x': '' } });
  t.teardown(() => system.cleanUp());
  const config = await defaultConfig('linux');
  await prometheusFile.report(told(), { system, config });
  t.strictSame(await system.list('/var/lib/node'), ['x']);
  const set = { ...config, report: { prometheus: '/var/lib/node/quiesced.prom' } };
  await prometheusFile.report(told(), { system, config: set });
  t.match(await system.readText('/var/lib/node/quiesced.prom'), /^quiesced_verdict 0$/m);
  t.match(await system.stat('/var/lib/node/quiesced.prom'), { mode: 0o644 });

  const open = { ...system, live: true, stat: async () => ({ ...STAT, mode: 0o777 }) };
  await t.rejects(prometheusFile.report(told(), { system: open, config: set }), { code: 'report.unsafe' });
});

const STAT = { kind: 'directory', uid: 0, gid: 0, mode: 0o755, sizeBytes: 0, modifiedMs: 0 } as const;
