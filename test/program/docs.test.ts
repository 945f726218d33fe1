/** What the documentation shows is tried: configurations are read, other languages parsed, and what does no harm is run. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { load } from '../fakes/config.ts';
import { checkTest } from './check-rig.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort()];

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const BLOCKS: readonly Block[] = PAGES.flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', text = '']) => ({ page, language, text }),
  ),
);
const inLanguage = (name: string) => BLOCKS.filter(({ language }) => language === name);
const isConfiguration = ({ language, text }: Block): boolean =>
  language === 'ini' || (language === '' && /^(#.*\n)*\[[\w .-]+\]\n/.test(text));

t.test('configurations are right', async (t) => {
  const shown = BLOCKS.filter(isConfiguration);
  t.ok(shown.length >= 8, `${shown.length} are shown`);
  for (const { page, text } of shown) {
    const platform = page === 'docs/windows.md' ? 'windows' : 'linux';
    await t.resolves(load(text, platform), `${page}: ${text.split('\n')[0]}`);
  }
});

t.test('JSON is JSON, and a shell takes what is for one', async (t) => {
  for (const { page, text } of inLanguage('json')) t.doesNotThrow(() => JSON.parse(text), `${page}: ${text}`);
  for (const { page, text } of inLanguage('sh')) {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' });
    t.equal(status, 0, `${page}: ${text.split('\n')[0]}`, { stderr });
  }
});

t.test('YAML is YAML', async (t) => {
  for (const { page, text } of inLanguage('yaml')) {
    const contents = contentsOf(parse(text));
    t.ok(contents.length > 0, `${page}: with a file of ours in it`);
    for (const content of contents) await t.resolves(load(content), content);
  }
});

/** Whatever is called `content`, at any depth. */
function contentsOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === 'content' && typeof each === 'string' ? [each] : contentsOf(each),
  );
}

/** What only looks. The network, whole reports, and disks that the reader has mounted are left to their own tests. */
const LOOKS =
  /^(config|status|history|explain \S+|quiescers|repair|thaw|--health|proxy (show|plan .*)|check --(only|group) .*|.* --dry-run)$/;
const ASKS_NETWORK = /network|--group restore/;
/** Nothing to look at where there is none. */
const NEEDS_OTHERS = /^integrate qemu/;

/** Each once, as it is written, without what is said beside it. */
const COMMANDS = new Set(
  inLanguage('sh')
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, ''))
    .filter((line) => line.startsWith('quiesced '))
    .map((line) => line.slice('quiesced '.length)),
);

checkTest('commands that only look do as they are shown', async (t, rig) => {
  const left = [ASKS_NETWORK, NEEDS_OTHERS, /[A-Z]{4}/];
  const tried = [...COMMANDS].filter((line) => LOOKS.test(line) && !left.some((pattern) => pattern.test(line)));
  t.ok(tried.length >= 12, tried.join('; '));
  for (const line of tried) {
    const { code, stdout, stderr } = await rig.run(...line.split(/\s+/).map((word) => word.replaceAll("'", '')));
    // 2 and 3 are verdicts of checks, and of a machine that was never looked at.
    const most = /^(check|--health|explain)/.test(line) ? 3 : 0;
    t.ok(code !== null && code <= most, `${line}: ${code}`, { stdout, stderr });
    t.not(stdout, '', 'it says something');
  }
});
