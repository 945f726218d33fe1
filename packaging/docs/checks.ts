import { globSync } from 'node:fs';
import { allChecks } from '../../agent/checks/all.ts';
import { explainedBy } from '../../agent/checks/azure-explained.ts';
import { type Check, GROUPS, type Group } from '../../agent/checks/check.ts';
import { ROOT } from '../repository.ts';
import { type Answered, answersOf } from './answers.ts';
import { type Declaration, sources } from './declarations.ts';

const HEAD = `# The checks

<!-- Made from the sources by \`npm run docs\`: changes belong there. -->

What \`quiesced check\` looks at, why, what it may say and what to do then. Each line of a report names its check in
brackets; \`quiesced check --only ID\` runs one alone, \`--skip ID\` leaves one out. \`…\` stands for what only your machine
knows. Where a remedy is put together from what was found, it stands in the report only. The limits are other people's
to change: each check names where its own comes from, and when that was read.
`;

/** docs/checks.md */
export function checksPage(): string {
  const source = sources();
  const files = globSync('agent/checks/*.ts', { cwd: ROOT }).sort();
  const declarations = files.flatMap((file) => [...source(file).declarations.values()]);
  const groups = (Object.keys(GROUPS) as Group[]).filter((group) => allChecks.some((check) => check.group === group));
  const contents = groups.map((group) => `- [${GROUPS[group]}](#${anchor(GROUPS[group])})`);
  const parts = groups.flatMap((group) => [
    `## ${GROUPS[group]}\n`,
    ...allChecks.filter((check) => check.group === group).map((check) => checkPart(check, declarations, source)),
  ]);
  return `${[HEAD, `${contents.join('\n')}\n`, ...parts].join('\n')}`;
}

function checkPart(check: Check, declarations: readonly Declaration[], source: ReturnType<typeof sources>): string {
  const declared = declarations.find(({ text }) => text.includes(`id: '${check.id}',`));
  if (declared === undefined) throw new Error(`the sources of the check ${check.id} are not found`);
  const answers = answersOf(declared, source);
  return [
    `### ${check.id}\n`,
    `**${check.title}.** ${declared.comment}`.trim(),
    '',
    ...facts(check).map((fact) => `- ${fact}`),
    '',
    ...answers.flatMap(answerLines),
  ].join('\n');
}

function facts({ id, source, platforms, needsRoot, dependsOn }: Check): readonly string[] {
  const explains = explainedBy(id);
  return [
    ...(source === undefined ? [] : [`Source: ${source}`]),
    ...(platforms === undefined
      ? []
      : [`On: ${platforms.map((name) => (name === 'windows' ? 'Windows' : 'Linux')).join(', ')}`]),
    ...(needsRoot ? ['Needs root'] : []),
    ...(dependsOn === undefined ? [] : [`Not shown when this already explains it: ${dependsOn.map(link).join(', ')}`]),
    ...(explains.length === 0 ? [] : [`Explains: ${explains.map((code) => `\`${code}\``).join(', ')}`]),
  ];
}

const answerLines = ({ verdict, detail, remedy }: Answered): readonly string[] => [
  `*${verdict}*: ${plain(detail)}`,
  ...(remedy === undefined ? [] : ['', ...remedyLines(remedy)]),
  '',
];

/** Sentences as they are; commands as something to paste. */
export function remedyLines(remedy: string): readonly string[] {
  const lines = remedy.split('\n');
  return lines.flatMap((line, index) => {
    if (!line.startsWith('$ ')) return [`> ${plain(line)}`, ...(lines[index + 1]?.startsWith('$ ') ? ['>'] : [])];
    return [
      ...(lines[index - 1]?.startsWith('$ ') ? [] : ['> ```sh']),
      `> ${line.slice(2)}`,
      ...(lines[index + 1]?.startsWith('$ ') ? [] : ['> ```']),
    ];
  });
}

export const link = (id: string): string => `[${id}](#${anchor(id)})`;

/** As GitHub makes it of a heading. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

/** Nothing of it is meant as Markdown. */
export const plain = (text: string): string => text.replace(/[<>*_[\]|]/g, '\\$&');
