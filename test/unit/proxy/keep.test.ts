import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createLog } from '../../../agent/log.ts';
import { keepProxy } from '../../../agent/proxy/keep.ts';
import { filesOf, machineOf, partsOf } from './machines.ts';

const NONE = { url: undefined, bypass: [], manage: false };

t.test('what the daemon keeps', async (t) => {
  const system = machineOf(t, 'already-set');
  const before = filesOf(system);
  const keep = async (proxy: { url: string | undefined; bypass: readonly string[]; manage: boolean }) => {
    const lines: string[] = [];
    const log = createLog('info', (line) => lines.push(line));
    await keepProxy({ ...partsOf(system), log, config: { proxy: { ...proxy, endpoints: [] } } });
    return lines.join('\n');
  };
  t.equal(await keep(NONE), '');
  t.equal(await keep({ ...NONE, url: 'http://10.0.0.8:3128' }), '', 'not managed');
  t.equal(await keep({ ...NONE, manage: true }), '', 'nothing is said about which');
  t.strictSame(filesOf(system), before);

  const managed = { url: 'http://10.0.0.8:3128', bypass: ['.x'], manage: true };
  t.match(await keep(managed), /^warn +the proxy is not as.*files="\/etc\/environment .*\n^info +the proxy is as/m);
  const after = filesOf(system);
  t.equal(await keep(managed), '', 'in order: not a word');
  writeFileSync(join(system.root, 'etc/environment'), '');
  t.match(await keep(managed), /files=\/etc\/environment$/m);
  t.not(filesOf(system)['etc/environment'], '644 ');

  writeFileSync(join(system.root, 'etc/waagent.conf'), '');
  const wrong = await keep({ ...managed, url: 'http://u:s3cret@h:1' });
  t.match(wrong, /the proxy was left as it is: \[proxy\] url/);
  t.notMatch(wrong, /s3cret/);
  t.notSame(filesOf(system), after);
});
