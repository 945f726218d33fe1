import { chmodSync } from 'node:fs';
import t from 'tap';
import { configScript } from '../../../agent/scripts/config.ts';
import { readHooks } from '../../../agent/scripts/hooks.ts';
import { DEFAULT_HOST_CONF, parseHostConf } from '../../../agent/scripts/host-conf.ts';
import { readOwed } from '../../../agent/scripts/owed.ts';
import { parsePluginConfig } from '../../../agent/scripts/plugin-config.ts';
import { type OwedScript, type Script, ScriptError } from '../../../agent/scripts/script.ts';
import { stillThere, together } from '../../../agent/snapshot/scripts/failure.ts';
import { fakeSystem } from '../../fakes/system.ts';
import fc from '../../fast-check.ts';

const FILE = '/etc/azure/VMSnapshotPluginHost.conf';

t.test('the host configuration that Microsoft ships', async (t) => {
  const text = [
    '[pre_post]',
    'timeoutInSeconds: 1800',
    'numberOfPlugins: 1',
    'pluginName0: ScriptRunner',
    'pluginPath0: /etc/azure',
    'pluginConfigPath0: /etc/azure/VMSnapshotScriptPluginConfig.json',
    '',
  ];
  t.strictSame(parseHostConf(text.join('\n'), FILE), DEFAULT_HOST_CONF);
  t.strictSame(parseHostConf(`\uFEFF${text.join('\r\n')}`, FILE), DEFAULT_HOST_CONF, 'saved on Windows');
  t.strictSame(parseHostConf('', FILE), DEFAULT_HOST_CONF, 'with nothing in it');
});

t.test('the host configuration as Python reads it', async (t) => {
  const text =
    '# why\n[other]\nnumberOfPlugins: 9\n[pre_post]\n; why\nTIMEOUTINSECONDS=60\npluginConfigPath0 = /a\n  b\n';
  t.strictSame(parseHostConf(text, FILE), {
    timeoutSeconds: 60,
    plugins: [{ name: 'ScriptRunner', configPath: '/a\nb' }],
  });
  t.strictSame(parseHostConf('[pre_post]\nnumberOfPlugins: 0', FILE).plugins, [], 'no plugins are no plugins');
});

t.test('faults of the host configuration', async (t) => {
  const faults: Readonly<Record<string, object>> = {
    'timeoutInSeconds: 5': { line: 1 },
    '[pre_post]\nwhat': { line: 2 },
    '[pre_post]\ntimeoutInSeconds: 5\ntimeoutinseconds: 6': { line: 3, key: 'timeoutinseconds' },
    '[pre_post]\n\ntimeoutInSeconds: 5s': { line: 3, key: 'timeoutInSeconds' },
    '[pre_post]\ntimeoutInSeconds: 0': { line: 2, key: 'timeoutInSeconds' },
    '[pre_post]\nnumberOfPlugins: -1': { line: 2, key: 'numberOfPlugins' },
    '[pre_post]\npluginConfigPath0: /a\0b': { line: 2 },
    '[pre_post]\nnumberOfPlugins: 2': { key: 'pluginName1' },
    '[pre_post]\nnumberOfPlugins: 999999999\npluginName1: a\n': { key: 'pluginConfigPath1' },
  };
  for (const [text, about] of Object.entries(faults)) {
    t.match(faultOf(text), { file: FILE, azureCode: 304, ...about }, JSON.stringify(text));
  }
});

const faultOf = (text: string): unknown => {
  try {
    return parseHostConf(text, FILE);
  } catch (error) {
    return error instanceof ScriptError ? error.about : error;
  }
};

const named = (error: unknown): boolean =>
  error instanceof ScriptError &&
  error.about.file === FILE &&
  (error.about.line !== undefined || error.about.key !== undefined) &&
  error.remedy !== undefined;

t.test('no host configuration breaks the parser, and every fault names file, and line or key', async (t) => {
  const line = fc.oneof(
    fc.constantFrom('[pre_post]', '[x]', 'timeoutInSeconds: 5', 'numberOfPlugins=1', ' more', '#', 'pluginName0:', ':'),
    fc.string(),
  );
  const property = fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), (lines, end) => {
    try {
      const { timeoutSeconds } = parseHostConf(lines.join(end), FILE);
      return timeoutSeconds >= 1 && timeoutSeconds <= 1800;
    } catch (error) {
      return named(error);
    }
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2000 }));
});

t.test('no script configuration breaks the parser, and every fault names file, and line or key', async (t) => {
  const KEYS = [
    'pluginName',
    'preScriptLocation',
    'postScriptLocation',
    'preScriptParams',
    'preScriptNoOfRetries',
    'timeoutInSeconds',
    'continueBackupOnFailure',
    'fsFreezeEnabled',
    '__proto__',
  ];
  const values = fc.dictionary(fc.constantFrom(...KEYS), fc.jsonValue());
  const text = fc.oneof(
    values.map((one) => JSON.stringify(one, undefined, 2)),
    fc.json(),
    fc.string(),
  );
  const property = fc.property(text, (source) => {
    const { config, problems } = parsePluginConfig(source, FILE);
    return config !== undefined ? problems === undefined : problems.length > 0 && problems.every(named);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2000 }));
});

t.test('hooks', async (t) => {
  const folder = '/etc/quiesced/hooks.d';
  const names = ['20-web', '10-db', '.hidden', 'old~', 'a.bak', 'b.dpkg-dist', 'c.rpmsave', 'README', 'notes.txt'];
  const system = fakeSystem({ files: Object.fromEntries(names.map((name) => [`${folder}/${name}`, ''])) });
  t.teardown(() => system.cleanUp());
  t.strictSame((await readHooks(system, { timeoutMs: 1000, retries: 0 })).scripts, [], 'none is executable');
  for (const name of names) if (!/README|notes/.test(name)) chmodSync(system.resolve(`${folder}/${name}`), 0o755);
  const { scripts, ignored } = await readHooks(system, { timeoutMs: 1000, retries: 2 });
  t.match(scripts, [
    { source: 'hook', name: '10-db', pre: { path: `${folder}/10-db`, args: ['freeze'] }, preRetries: 2 },
    { name: '20-web', post: { path: `${folder}/20-web` }, timeoutMs: 1000 },
  ]);
  t.equal(scripts.length, 2);
  t.equal(ignored.length, 7);
  const empty = fakeSystem();
  t.teardown(() => empty.cleanUp());
  t.strictSame(await readHooks(empty, { timeoutMs: 1, retries: 0 }), { scripts: [], ignored: [] }, 'no folder');
});

t.test('the section [scripts]', async (t) => {
  const limits = { timeoutMs: 30_000, retries: 1 };
  t.equal(configScript(limits), undefined);
  t.match(configScript({ ...limits, post: '/a' }), {
    source: 'config',
    post: { path: '/a', args: [] },
    postRetries: 1,
  });
  t.notOk('pre' in (configScript({ ...limits, post: '/a', pre: undefined }) ?? {}));
});

t.test('what is owed comes back from JSON, or is told', async (t) => {
  const post = { path: '/a', args: ['x'] };
  const script = configScript({ pre: '/b', timeoutMs: 5, retries: 0, post: '/a' });
  const entry = { runId: 'r', script: { ...script, post } } as OwedScript;
  const back: unknown = JSON.parse(JSON.stringify([entry]));
  t.strictSame(readOwed(back), { owed: [entry], problems: [] });
  t.strictSame(readOwed(undefined), { owed: [], problems: [] });
  t.equal(readOwed([entry, { ...entry, script: {} }, 7, { runId: 1 }]).problems.length, 3);
  const property = fc.property(fc.jsonValue(), (value) => readOwed(value).owed.length === 0);
  t.doesNotThrow(() => fc.assert(property));

  const marked = { ...entry, mark: '0f8fad5b-d9cb-469f-a165-70867728950e' };
  t.strictSame(readOwed([marked]).owed, [marked]);
  const broken = fc.property(fc.oneof(fc.jsonValue(), fc.constant(`${marked.mark}\n`), fc.constant('')), (mark) => {
    const { owed, problems } = readOwed([{ ...entry, mark }]);
    return owed.length === 1 && owed[0]?.mark === undefined && problems.length === 0;
  });
  t.doesNotThrow(() => fc.assert(broken), 'by what is no mark nobody is ended, and the post script is run');
});

t.test('several errors are told each for itself, on lines of their own', async (t) => {
  const script = {
    name: 'a',
    source: 'config',
    post: { path: '/a', args: ['x'] },
    required: false,
  } as unknown as Script;
  const hanging = stillThere(script, [12, 13]);
  t.match(hanging, { code: 'script.unkillable', message: /the pre script a hang in the kernel .*: 12, 13$/ });
  t.match(hanging.remedy, /If it is: \/a x$/);
  t.equal(together([]), undefined);
  t.equal(together([hanging]), hanging);
  const other = new ScriptError('script.failed', 'it\nprinted', { script: 'b' });
  const both = together([hanging, other]);
  t.match(both, { message: '2 faults of scripts: a, b', errors: [hanging, other] });
});

t.test('found by fuzzing', async (t) => {
  const beganMs = performance.now();
  t.match(faultOf(`[pre_post]\na${'\v'.repeat(100_000)}b`), { line: 2 });
  t.ok(performance.now() - beganMs < 5000, 'a long line takes no time');
  const text = '{"preScriptLocation":"/a","postScriptLocation":"/b","fsFreezeEnabled":{"toString":null}}';
  t.match(parsePluginConfig(text, '/f').problems, [{ about: { key: 'fsFreezeEnabled', azureCode: 305 } }]);
});
