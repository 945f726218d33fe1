/** No reader of what others wrote goes without a fuzz target, unless it says why. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { targets } from './all.ts';
import { NO_PARSERS } from './no-parsers.ts';

const AGENT = join(import.meta.dirname, '../../agent');

/** What is exported and called with something in its first place. */
const EXPORTED =
  /^export (?:async )?(?:function (\w+)|const (\w+)(?:: [^=\n]+)? =\s*(?:async )?)(?:<[^>]*>)?\(([^)]*)/gm;
const TEXT = /^\s*\w+: (?:string|Buffer|unknown)(?: \| undefined)?\s*(?:,|=|$)/;
/** By their name they read, wherever they take it from: a `System`, a path. */
const READER = /^(?:parse|read|decode)[A-Z]/;

/** `config/ini.ts readIni`, in the order of the files. */
const readers = globSync('**/*.ts', { cwd: AGENT })
  .sort()
  .flatMap((file) =>
    [...readFileSync(join(AGENT, file), 'utf8').matchAll(EXPORTED)].flatMap(([, one, other, parameters = '']) => {
      const name = one ?? other ?? '';
      return TEXT.test(parameters) || READER.test(name) ? [`${file} ${name}`] : [];
    }),
  );

const covered = new Set(targets.flatMap(({ covers }) => covers));
const excepted = Object.values(NO_PARSERS).flat();

t.test('every exported function that takes a text, or reads one, is fuzzed or says why not', async (t) => {
  t.ok(readers.includes('config/ini.ts readIni') && readers.includes('redact.ts redact'), 'they are found');
  t.ok(readers.length > 100, `${readers.length} of them`);
  t.strictSame(
    readers.filter((reader) => !covered.has(reader) && !excepted.includes(reader)),
    [],
    'add a target to test/fuzz/targets/, or a reason to test/fuzz/no-parsers.ts',
  );
});

t.test('both lists name what there is, once', async (t) => {
  const named = [...covered, ...excepted];
  t.strictSame(
    named.filter((reader) => !readers.includes(reader)),
    [],
    'nothing that is not there any more',
  );
  t.strictSame(
    excepted.filter((reader) => covered.has(reader)),
    [],
    'no exception that has a target',
  );
  t.equal(new Set(targets.map(({ name }) => name)).size, targets.length, 'no target has the name of another');
  for (const { name, samples } of targets) t.ok(samples.length > 0, `${name} has samples`);
});
