import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';

const CLIENT = join(import.meta.dirname, '../../fixtures/fake-psql.sh');
const LIMIT = AbortSignal.timeout(60_000);
/** What the grammar itself knows, and no function of anybody can stand for. */
const GRAMMAR = ['coalesce', 'extract', 'in', 'select'];

t.test('nothing is called that anybody else could have made', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-psql-'));
  const system = fakeSystem({ programs: { getent: { stdout: 'root:x:0:0:root:/root:/bin/sh\n' } } });
  t.teardown(() => {
    system.cleanUp();
    rmSync(folder, { recursive: true, force: true });
  });
  const log = join(folder, 'statements');
  const text = `[quiescer postgresql]\nsocket-folder = /srv\nclient = ${CLIENT}\npassword = ${log}\n`;
  const [quiescer] = await createQuiescers(system, (await load({ [MAIN]: text })).config, []);
  await quiescer?.detect(LIMIT);

  const statements = readFileSync(log, 'utf8').trim().split('\n');
  t.match(statements[0], /^SELECT pg_catalog\.set_config\('search_path', 'pg_catalog', false\);$/);
  t.ok(statements.length > 5, 'the questions were asked');
  for (const statement of statements) {
    const bare = statement.replaceAll(/'[^']*'/g, "''");
    const calls = [...bare.matchAll(/([\w.]+) ?\(/g)].map(([, name = '']) => name);
    const foreign = calls.filter((name) => !name.startsWith('pg_catalog.') && !GRAMMAR.includes(name.toLowerCase()));
    t.strictSame(foreign, [], statement);
  }
});
