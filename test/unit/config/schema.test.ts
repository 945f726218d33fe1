import t from 'tap';
import type { Config, KeySpec } from '../../../agent/config/schema.ts';
import { keysOf, propertyOf, QUIESCER_KEYS, quiescerName, SCHEMA } from '../../../agent/config/schema.ts';
import { durationMs, readValue, writeValue } from '../../../agent/config/values.ts';
import { load } from '../../fakes/config.ts';

const TABLE: readonly (readonly [string, Readonly<Record<string, KeySpec>>])[] = [
  ...Object.entries(SCHEMA),
  ['quiescer x', QUIESCER_KEYS],
];

for (const [section, keys] of TABLE) {
  for (const [key, spec] of Object.entries(keys)) {
    t.test(`[${section}] ${key} keeps its own rules`, async (t) => {
      t.match(key, /^[a-z]+(-[a-z]+)*$/);
      t.match(spec.about, /^[A-Z].*\.$/, 'a sentence');
      t.ok(spec.about.length <= 100);
      t.equal(keysOf(section)?.[key], spec);
      for (const text of [spec.default, 'example' in spec ? spec.example : undefined]) {
        if (text === undefined) continue;
        const reading = await readValue(spec, text, 'linux');
        t.ok('value' in reading, text);
        if (!('value' in reading)) continue;
        const again = await readValue(spec, writeValue(spec, reading.value) ?? '', 'linux');
        t.strictSame(again, reading, 'is written as it is read');
      }
      if (spec.type === 'duration') {
        const [min, max] = [durationMs(spec.min), durationMs(spec.max)];
        t.ok(min !== undefined && max !== undefined && min > 0 && min < max);
      }
    });
  }
}

// The type is derived from the table, the values are filled in beside it: that they agree is what this shows, once to
// the compiler and once at run time.
t.test('the defaults, as the type Config has them', async (t) => {
  const wanted: Config = {
    snapshot: {
      frozenDeadlineMs: 10_000,
      quiesceDeadlineMs: 180_000,
      onFailure: 'continue',
      taker: 'none',
      takerCommand: [],
    },
    vss: { volumes: [], backupType: 'copy', keep: 1 },
    freeze: { exclude: [], expedite: true },
    scripts: {
      pre: undefined,
      post: undefined,
      qemuHooks: undefined,
      vmwareScripts: undefined,
      timeoutMs: 30_000,
      retries: 0,
    },
    schedule: { readinessMs: 21_600_000, rehearsal: undefined },
    proxy: { url: undefined, bypass: [], endpoints: [], manage: false },
    notify: { onFailure: undefined, url: undefined },
    report: { prometheus: undefined },
    log: { level: 'info' },
    quiescers: [],
  };
  const { config, sources, files } = await load({});
  t.strictSame(config, wanted);
  t.strictSame(files, []);
  const ids = Object.entries(SCHEMA).flatMap(([section, keys]) => Object.keys(keys).map((key) => `${section}.${key}`));
  t.strictSame(Object.keys(sources), ids);
  t.ok(Object.values(sources).every(({ from }) => from === 'default'));
});

t.test('names of keys in Config', async (t) => {
  t.equal(propertyOf('frozen-deadline', SCHEMA.snapshot['frozen-deadline']), 'frozenDeadlineMs');
  t.equal(propertyOf('on-failure', SCHEMA.snapshot['on-failure']), 'onFailure');
});

t.test('names of quiescers', async (t) => {
  t.equal(quiescerName('quiescer pg.main'), 'pg.main');
  t.equal(quiescerName('quiescer mysql@Shop_1-a'), 'mysql@Shop_1-a');
  for (const section of ['quiescer', 'quiescer ', 'Quiescer a', 'quiescer .a', 'quiescer a b', 'quiescer __proto__']) {
    t.equal(quiescerName(section), undefined, section);
  }
});
