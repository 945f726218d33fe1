import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { COMMANDS } from '../../../agent/cli/table.ts';
import { SCHEMA } from '../../../agent/config/schema.ts';
import { configurationManual } from '../../../packaging/manual/configuration.ts';
import { programManual } from '../../../packaging/manual/program.ts';
import { entry, example, paragraph } from '../../../packaging/manual/roff.ts';

process.env.SOURCE_DATE_EPOCH = '1790000000';
const folder = mkdtempSync(join(tmpdir(), 'quiesced-man-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const skip = spawnSync('man', ['--version']).status === 0 ? false : 'man is not installed';

/** As a reader sees it, in one line; throws away no warning. */
function rendered(name: string, text: string): { readonly text: string; readonly warnings: string } {
  const file = join(folder, name);
  writeFileSync(file, text);
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', file], {
    env: { PATH: process.env.PATH, MANWIDTH: '500', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '' },
    encoding: 'utf8',
  });
  return { text: stdout.replace(/\s+/g, ' '), warnings: stderr };
}

const asOne = (text: string): string => text.replace(/\s+/g, ' ');

t.test('quiesced(8) says of every command what its help says', { skip }, async (t) => {
  const { text, warnings } = rendered('quiesced.8', programManual());
  t.equal(warnings, '');
  for (const { name, about, details = '', flags, verbs = {}, exitCodes, hidden } of COMMANDS) {
    if (hidden) {
      t.notOk(text.includes(`${about}.`), `${name} is not for people`);
      continue;
    }
    const parts = [
      about,
      details,
      ...flags.map((flag) => flag.about),
      ...Object.values(verbs),
      ...Object.values(exitCodes),
    ];
    for (const part of parts) t.ok(text.includes(asOne(part)), `${name}: ${part}`);
    for (const flag of flags) t.ok(text.includes(`--${flag.name}`), `${name}: --${flag.name}`);
  }
});

t.test('quiesced.conf(5) says of every key what it is', { skip }, async (t) => {
  const { text, warnings } = rendered('quiesced.conf.5', configurationManual());
  t.equal(warnings, '');
  for (const [section, keys] of Object.entries(SCHEMA)) {
    t.ok(text.includes(`[${section}]`), section);
    for (const [key, { about }] of Object.entries(keys)) t.ok(text.includes(`${key} ${asOne(about)}`), key);
  }
});

t.test('what a reader of roff would act upon is written as text', { skip }, async (t) => {
  const awkward = '.dot at the start, a \\backslash, a \'quote\' and --flag "x"…';
  const page = ['.TH x 8', '.SH NAME', paragraph(awkward), paragraph("'quote at the start"), entry('--x "y"', awkward)];
  const { text, warnings } = rendered('x.8', `${[...page, example('.a\n  b\\n')].join('\n')}\n`);
  t.equal(warnings, '');
  t.match(text, `${awkward.replace('…', '...')} 'quote at the start --x "y" ${awkward.replace('…', '...')} .a b\\n`);
});

t.test('a flag can be pasted: its hyphens are minus signs', async (t) => {
  t.match(programManual(), '\\fB\\-\\-by\\-records\\fR');
});
