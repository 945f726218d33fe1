import assert from 'node:assert/strict';
import t from 'tap';
import { describeConfig } from '../../../agent/config/describe.ts';
import { readIni, writeIniValue } from '../../../agent/config/ini.ts';
import { interpret } from '../../../agent/config/interpret.ts';
import { loadConfig } from '../../../agent/config/load.ts';
import type { KeySpec } from '../../../agent/config/schema.ts';
import { SCHEMA } from '../../../agent/config/schema.ts';
import { durationMs, writeValue } from '../../../agent/config/values.ts';
import { UserError } from '../../../agent/errors.ts';
import { MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';
import fc from '../../fast-check.ts';

const SAMPLE = `# quiesced
[snapshot]
frozen-deadline = 10s
on-failure = abort
[freeze]
exclude = /mnt/scratch*, type:nilfs2, device:/dev/sdb1
expedite = yes
[scripts]
pre = "/opt/a; b.sh"
post = '/opt/c#d'
[schedule]
rehearsal = 30 3 * * sun
[proxy]
url = http://me:secret@proxy:3128
bypass = 169.254.169.254, .example
[quiescer pg.main]
enabled = no
dsn = "postgres://a:b@c/d"
[log]
level = warn
`;

/** Pieces that ini, JSON or JavaScript treat in a way of their own. */
const TRAPS = [
  ...['[', ']', '=', ';', '#', '"', "'", '\\', '\\;', '\\\\', '\n', '\r', '\r\n', '\t', ' ', ',', '.', '[]', '[a.b]'],
  ...['\0', '\u2028', '\uFEFF', '\uFFFD', '\ud800', '\u00a0', '\u001b', 'é', '…', '🧊'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'true',
    'false',
    'null',
    'undefined',
    'NaN',
    '-1',
    '1e999',
    '{}',
    '[log]',
  ],
  ...[
    '[__proto__]\n',
    '[quiescer x]\n',
    '[constructor]\n',
    'level',
    'frozen-deadline = ',
    'off',
    '0s',
    'taker = command\n',
  ],
];

const trapText = fc.array(fc.oneof(fc.constantFrom(...TRAPS), fc.string({ unit: 'binary', maxLength: 5 })), {
  maxLength: 40,
});
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  trapText.map((parts) => parts.join('')),
);

/** A real file that somebody's hand slipped in: pieces cut out, doubled, or replaced by a trap. */
const mutatedSample = fc
  .array(fc.record({ at: fc.nat(SAMPLE.length), cut: fc.nat(12), put: fc.constantFrom('', ...TRAPS) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((slips) => slips.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), SAMPLE));

const system = fakeSystem();
t.teardown(system.cleanUp);

/** `loadConfig` of a machine with this text as its file, without a disk. */
const loadText = (text: string) =>
  loadConfig({
    ...system,
    stat: async (path) =>
      path === MAIN ? { kind: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: text.length, modifiedMs: 0 } : undefined,
    readText: async () => text,
  });

async function isRightOrExplained(text: string): Promise<void> {
  try {
    describeConfig(await loadText(text));
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'config.invalid') throw error;
    const lines = text.split(/\r\n|\r|\n/).length;
    for (const message of error.message.replace(/\n… and \d+ more$/, '').split('\n')) {
      const line = Number(/^\/etc\/quiesced\/quiesced\.conf:(\d+): \S/.exec(message)?.[1]);
      if (!(line >= 1 && line <= lines)) throw new Error(`names no line: ${JSON.stringify(message)}`);
    }
    if (!error.remedy) throw new Error('has no remedy');
  }
}

t.test('any text is read, or refused with the line', async (t) => {
  await fc.assert(fc.asyncProperty(anyText, isRightOrExplained), { numRuns: 3000 });
  t.pass();
});

t.test('any slip of the hand is read, or refused with the line', async (t) => {
  await loadText(SAMPLE);
  await fc.assert(fc.asyncProperty(mutatedSample, isRightOrExplained), { numRuns: 3000 });
  t.pass();
});

// The deadline of the file is the assertion: anything that grows with the square of these would take minutes.
t.test('as much of anything as a file may hold is over soon', async (t) => {
  const fill = (piece: string) => piece.repeat(Math.ceil(256_000 / piece.length));
  const numbered = Array.from({ length: 30_000 }, (_, index) => `k${index}=v`).join('\n');
  const texts = [
    ...TRAPS.map(fill),
    `[log]\n${fill('[')}`,
    `[log]\nlevel = ${fill('" ')}`,
    `[quiescer x]\n${numbered}`,
  ];
  const started = performance.now();
  for (const text of texts) await isRightOrExplained(text);
  t.ok(performance.now() - started < 60_000);
});

t.test('ini never reads other than we say', async (t) => {
  const value = anyText.filter((text) => text.isWellFormed() && !/(?!\t)[\p{Cc}\p{Zl}\p{Zp}\uFFFD]/u.test(text));
  fc.assert(
    fc.property(value, (text) => {
      const { entries, problems } = readIni('f', `[s]\nkey = ${writeIniValue(text)}`);
      return problems.length === 0 && entries.length === 1 && entries[0]?.value === text;
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

/** Any value that a key may have, in the type of `Config`. */
function anyValue(spec: KeySpec): fc.Arbitrary<unknown> {
  const path = fc
    .string({ unit: 'grapheme', maxLength: 20 })
    .filter((text) => /^[^\p{C}\p{Z}\uFFFD]*$/u.test(text))
    .map((text) => `/${text}`);
  const word = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
  switch (spec.type) {
    case 'switch':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...spec.of);
    case 'count':
      return fc.integer({ min: spec.min, max: spec.max });
    case 'duration': {
      const ms = fc.integer({ min: durationMs(spec.min) ?? 0, max: durationMs(spec.max) ?? 0 });
      return spec.orOff ? fc.option(ms, { nil: undefined }) : ms;
    }
    case 'path':
      return path;
    case 'text':
      return word;
    case 'url':
      return fc
        .tuple(word, fc.stringMatching(/^[a-z0-9;#@%~!$&()*+=]{0,12}$/), fc.nat(65535))
        .map(
          ([user, secret, port]) => `http://${user}:${encodeURIComponent(secret)};@host-${user}.example:${port}/a#b`,
        );
    case 'list': {
      const item = {
        argv: path.map((text) => text.replaceAll(',', '')),
        exclusion: word.map((text) => `type:${text}`),
        host: word,
        endpoint: word.map((text) => `h${text.replace(/\W/g, '')}:443`),
        path: path.map((text) => text.replaceAll(',', '')),
        volume: word.map((text) => `C:\\${text}`),
      };
      return fc.array(item[spec.of], { minLength: 1, maxLength: 4 });
    }
    case 'cron':
      return fc.tuple(fc.nat(59), fc.nat(23)).map(([minute, hour]) => `${minute} ${hour} * * *`);
  }
}

const anySetting = fc.oneof(
  ...Object.entries(SCHEMA).flatMap(([section, keys]) =>
    Object.entries(keys).map(([key, spec]: [string, KeySpec]) =>
      anyValue(spec).map((value) => ({ section, key, spec, value })),
    ),
  ),
);
const anySettings = fc.uniqueArray(anySetting, { selector: ({ section, key }) => `${section}.${key}` });

t.test('a configuration that is written is read again with the same values', async (t) => {
  await fc.assert(
    fc.asyncProperty(anySettings, async (settings) => {
      const lines = settings.flatMap(({ section, key, spec, value }) => [
        `[${section}]`,
        `${key} = ${writeIniValue(writeValue(spec, value) ?? '')}`,
      ]);
      const read = await interpret([readIni('f', lines.join('\n'))], 'linux');
      assert.deepEqual(read.problems, []);
      for (const [index, { section, key, value }] of settings.entries()) {
        const source = { from: 'file', file: 'f', line: 2 * index + 2 };
        assert.deepEqual(read.settings.get(`${section}.${key}`), { section, key, value, source });
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('what is described, but for secrets, can be put into a file and means the same', async (t) => {
  const first = await loadText(SAMPLE);
  const rows = describeConfig(first).filter(({ key, value }) => value !== undefined && !['url', 'dsn'].includes(key));
  const again = await loadText(rows.map(({ section, key, value }) => `[${section}]\n${key} = ${value}\n`).join(''));
  t.strictSame(again.config.snapshot, first.config.snapshot);
  t.strictSame(again.config.scripts, first.config.scripts);
  t.strictSame(again.config.schedule, first.config.schedule);
  t.strictSame(again.config.freeze, first.config.freeze);
  t.strictSame(again.config.proxy.bypass, first.config.proxy.bypass);
});
