import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, matchesGlob, normalize } from 'node:path';
import t from 'tap';
import { allChecks } from '../../agent/checks/all.ts';
import { GROUPS } from '../../agent/checks/check.ts';
import { parseCommandLine } from '../../agent/cli/flags.ts';
import { COMMANDS } from '../../agent/cli/table.ts';
import { anchor } from '../../packaging/docs/checks.ts';
import { pages } from '../../packaging/docs/pages.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md', 'test/**/*.md', 'changes/*.md'], {
  cwd: ROOT,
  exclude: ['**/node_modules/**'],
}).sort();

t.test('what comes from the code is up to date', async (t) => {
  for (const [path, text] of Object.entries(pages())) t.ok(read(path) === text, `${path}; npm run docs writes it anew`);
});

t.test('each check is there, with what it may say', async (t) => {
  const parts = new Map(
    read('docs/checks.md')
      .split('\n### ')
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part]),
  );
  t.strictSame([...parts.keys()].sort(), allChecks.map(({ id }) => id).sort());
  const silent = [...parts.values()].filter((part) => !/^\*(info|warn|fail)\*: /m.test(part));
  t.ok(silent.length <= 14, `of a few only the report says it, or nothing is known yet: ${silent.length}`);
});

t.test('links lead somewhere', async (t) => {
  for (const path of documents) {
    // What is in a block of code is no link.
    const text = withoutCode(read(path));
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', heading] = target.split('#');
      const there = file === '' ? path : normalize(join(dirname(path), file));
      if (!t.ok(existsSync(join(ROOT, there)), `${path}: ${target}`) || heading === undefined) continue;
      if (statSync(join(ROOT, there)).isFile()) t.ok(anchorsOf(there).has(heading), `${path}: ${target}, the heading`);
    }
  }
});

const withoutCode = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```$/gm, '').replace(/`[^`\n]*`/g, '');

const anchorsOf = (path: string): ReadonlySet<string> =>
  new Set([...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchor(heading)));

/** In blocks of code, and between backticks. */
function commandLines(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^(?:> )? *```(?:sh)?\n([\s\S]*?)^(?:> )? *```$/gm)].flatMap(([, block = '']) =>
    block.split('\n').map((line) => line.replace(/^> /, '').replace(/\s+#.*$/, '')),
  );
  const inline = [...text.replace(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...blocks, ...inline].filter((line) => /^quiesced( |$)/.test(line));
}

/** What stands for a word of the reader's own, or for several. */
const asWords = (line: string): readonly string[] =>
  line
    .split(/\s+/)
    .slice(1)
    .map((word) => word.replace(/^'(.*)'$/, '$1'));

/** A command by its name alone, or with a word that stands for several. */
const namesAFamily = (words: readonly string[]): boolean =>
  /^(VERB|NAME|…)$/.test(words.at(-1) ?? '') || (words.length === 1 && COMMANDS.some(({ name }) => name === words[0]));

t.test('each command that is shown is one that there is', async (t) => {
  let seen = 0;
  for (const path of documents.filter((document) => !document.startsWith('test/'))) {
    for (const line of commandLines(read(path))) {
      const words = asWords(line);
      if (words.length === 0 || namesAFamily(words)) continue;
      seen++;
      t.doesNotThrow(() => assertThere(words), `${path}: ${line}`);
    }
  }
  t.ok(seen >= 40, `${seen} were seen`);
});

/** Also what the flags of `check` name. */
function assertThere(words: readonly string[]): void {
  const { values } = parseCommandLine(words, COMMANDS);
  const named = (flag: string) => (values.get(flag) ?? []).flatMap((value) => value.split(','));
  const patterns = [...named('only'), ...named('skip')].filter((id) => !/^ID$/.test(id));
  const isThere = (pattern: string) => allChecks.some(({ id }) => matchesGlob(id, pattern));
  const missing = patterns.filter((pattern) => !isThere(pattern));
  const groups = named('group').filter((group) => !Object.hasOwn(GROUPS, group));
  if (missing.length + groups.length > 0) throw new Error(`there is no ${[...missing, ...groups].join(', ')}`);
}
