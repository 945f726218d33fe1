import { styleText } from 'node:util';
import { type Finding, GROUPS, type Verdict } from '../checks/check.ts';
import { type ReportVerdict, shown } from '../checks/verdict.ts';
import type { Examination } from '../readiness/examine.ts';
import type { Facts } from '../system/facts.ts';
import { LEVEL_NAMES } from './render-outcome.ts';
import { wrap, wrapIndented } from './wrap.ts';

export interface RenderOptions {
  readonly width: number;
  readonly colour: boolean;
  /** Names every check that passed, where a number would do. */
  readonly verbose: boolean;
}

/** Words, not signs: they survive any terminal, log and screen reader, and grep finds them. */
const MARKS: Readonly<Record<Verdict, string>> = {
  fail: 'FAIL',
  error: 'BROKEN',
  warn: 'WARN',
  info: 'info',
  pass: 'ok',
  skip: 'skip',
};
const MARK_WIDTH = 8;
const INDENT = 2 + MARK_WIDTH;

type Style = Parameters<typeof styleText>[0];
const COLOURS: Readonly<Record<Verdict, Style>> = {
  fail: ['bold', 'red'],
  error: ['bold', 'magenta'],
  warn: ['bold', 'yellow'],
  info: 'cyan',
  pass: 'green',
  skip: 'dim',
};

/** Worst first, so that what has to be done stands at the top of its group. */
const PROBLEMS: readonly Verdict[] = ['fail', 'error', 'warn'];

/**
 * The report for a person: what machine this is, its groups with problems first and remedies beneath, and the verdict as
 * the last thing on the screen. Commands to paste stand alone on their line and are never broken.
 */
export function renderReport(report: Examination, options: RenderOptions): string {
  const paint = painter(options.colour);
  const findings = shown(report.findings);
  const groups = Object.entries(GROUPS).flatMap(([group, title]) => {
    const own = findings.filter((finding) => finding.group === group);
    return own.length === 0 ? [] : [paint('bold', title), ...renderGroup(own, options, paint)];
  });
  return [
    ...renderHeader(report, options.width, paint),
    '',
    ...groups,
    ...renderExpected(report, options.width),
    '',
    ...renderVerdict(report, options.width, paint),
    '',
  ].join('\n');
}

/** Findings alone, as the report shows those of one group. */
export const renderFindings = (findings: readonly Finding[], options: RenderOptions): readonly string[] =>
  renderGroup(shown(findings), options, painter(options.colour));

type Paint = (style: Style, text: string) => string;

/** `validateStream: false`: whether there is a terminal was decided by the caller. */
const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour ? styleText(style, text, { validateStream: false }) : text;

const renderHeader = ({ facts }: Examination, width: number, paint: Paint): readonly string[] => [
  paint('bold', `Readiness of ${facts.hostname ?? 'this machine'} for a backup`),
  ...wrap(describeSystem(facts), width),
  ...wrap(describeMachine(facts), width),
];

/** What runs on it: `Debian GNU/Linux 12 (bookworm), x86_64, kernel 6.1.0, systemd`. */
export const describeSystem = ({ distribution, kernel, architecture, systemd, platform }: Facts): string =>
  listed([
    distribution?.prettyName ?? platform,
    architecture,
    platform === 'linux' && kernel !== undefined ? `kernel ${kernel}` : undefined,
    platform === 'linux' ? (systemd ? 'systemd' : 'no systemd') : undefined,
  ]);

/** What it is: `Azure, Standard_D2s_v5, westeurope, hyper-v, UEFI, 2 CPUs, 8 GiB`. */
export const describeMachine = ({ cloud, hypervisor, container, firmware, cpus, memoryBytes }: Facts): string =>
  listed([
    cloud === undefined ? undefined : 'Azure',
    cloud?.imds?.vmSize,
    cloud?.imds?.location,
    hypervisor === 'none' ? 'bare metal' : hypervisor,
    container === undefined ? undefined : `in a container (${container})`,
    firmware === undefined ? undefined : firmware.toUpperCase(),
    cpus === undefined ? undefined : `${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`,
    memoryBytes === undefined ? undefined : `${Math.round(memoryBytes / 1024 ** 3)} GiB`,
  ]);

const listed = (parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(', ');

/** Ends with one empty line, as every problem does: each stands by itself. */
function renderGroup(findings: readonly Finding[], { width, verbose }: RenderOptions, paint: Paint): readonly string[] {
  const of = (verdicts: readonly Verdict[]) =>
    verdicts.flatMap((verdict) => findings.filter((finding) => finding.verdict === verdict));
  const problems = of(PROBLEMS).flatMap((finding) => [...renderProblem(finding, width, paint), '']);
  const rest = [
    ...of(['info']).flatMap((finding) => renderNote(finding, width, paint)),
    ...renderPasses(of(['pass']), verbose, paint),
    ...renderSkips(of(['skip']), width, paint),
  ];
  return rest.length === 0 ? problems : [...problems, ...rest, ''];
}

/** What is fine is worth one line. */
const renderPasses = (passed: readonly Finding[], verbose: boolean, paint: Paint): readonly string[] =>
  passed.length < 2 || verbose
    ? passed.map(({ title }) => mark('pass', paint) + title)
    : [`${mark('pass', paint)}${passed.length} checks`];

const mark = (verdict: Verdict, paint: Paint): string =>
  `  ${paint(COLOURS[verdict], MARKS[verdict].padEnd(MARK_WIDTH))}`;

/** What is wrong comes first, next to the mark; then how it should be, and what to do. */
function renderProblem(finding: Finding, width: number, paint: Paint): readonly string[] {
  const { verdict, id, title, detail, remedy, explains = [] } = finding;
  const [first = '', ...rest] = wrapIndented(detail, INDENT, width);
  const expected = wrapIndented(`Should be: ${title} [${id}]`, INDENT, width);
  return [
    mark(verdict, paint) + first.trimStart(),
    ...rest,
    ...expected.map((line) => paint('dim', line)),
    ...renderCodes(verdict, explains, width).map((line) => paint('dim', line)),
    ...renderRemedy(remedy, width, paint),
  ];
}

/** By what name the reader may have met it before. A check that broke explains nothing. */
const renderCodes = (verdict: Verdict, codes: readonly string[], width: number): readonly string[] =>
  codes.length === 0 || verdict === 'error' ? [] : wrapIndented(`Azure may call it ${codes.join(', ')}`, INDENT, width);

/** Something to know: no expectation was missed, so the title would only confuse. */
function renderNote({ id, detail, remedy }: Finding, width: number, paint: Paint): readonly string[] {
  const [first = '', ...rest] = wrapIndented(`${detail} [${id}]`, INDENT, width);
  return [mark('info', paint) + first.trimStart(), ...rest, ...renderRemedy(remedy, width, paint)];
}

/** A command keeps its line whatever its length: broken, it could not be pasted. */
const renderRemedy = (remedy: string | undefined, width: number, paint: Paint): readonly string[] =>
  (remedy?.split('\n') ?? []).flatMap((line) =>
    line.startsWith('$ ')
      ? [`${' '.repeat(INDENT + 2)}${paint('cyan', line.slice(2))}`]
      : wrapIndented(line, INDENT, width),
  );

/** One line for what could not be looked at, by reason. */
function renderSkips(skipped: readonly Finding[], width: number, paint: Paint): readonly string[] {
  if (skipped.length === 0) return [];
  const reasons = [...Map.groupBy(skipped, ({ detail }) => detail)].map(
    ([reason, findings]) => `${findings.map(({ id }) => id).join(', ')} (${reason})`,
  );
  const [first = '', ...rest] = wrapIndented(reasons.join('; '), INDENT, width).map((line) => line.trimStart());
  return [
    mark('skip', paint) + paint('dim', first),
    ...rest.map((line) => `${' '.repeat(INDENT)}${paint('dim', line)}`),
  ];
}

/** What a backup would be worth, if it came about. */
const renderExpected = ({ expected: { consistency, reason } }: Examination, width: number): readonly string[] => {
  const level = LEVEL_NAMES[consistency] ?? 'not known';
  return wrap(`To expect of a snapshot now: ${level}, because ${reason}.`, width);
};

interface VerdictWords {
  readonly name: string;
  readonly meaning: string;
  readonly style: Style;
}

/** What it comes to, in words for people. */
export const VERDICTS: Readonly<Record<ReportVerdict, VerdictWords>> = {
  fail: { name: 'NOT READY', meaning: 'a backup of this machine would fail.', style: ['bold', 'red'] },
  error: { name: 'NOT SURE', meaning: 'a check broke, so nothing is promised.', style: ['bold', 'magenta'] },
  warn: { name: 'READY, with warnings', meaning: 'a backup may fail or be worth less.', style: ['bold', 'yellow'] },
  pass: { name: 'READY', meaning: 'nothing found that stands in the way of a backup.', style: ['bold', 'green'] },
};

/** What only a restored copy will feel does not keep anybody from making one. */
const RESTORE_MEANINGS: Partial<Record<ReportVerdict, string>> = {
  fail: 'a copy restored from a backup would not come up, or not be reached.',
  warn: 'a copy restored from a backup may not come up as it is.',
};

/** As `VERDICTS`, by what the verdict comes from. */
export function verdictWords({ verdict, findings }: Pick<Examination, 'verdict' | 'findings'>): VerdictWords {
  const decisive = shown(findings).filter((finding) => finding.verdict === verdict);
  const ofRestore = decisive.length > 0 && decisive.every(({ group }) => group === 'restore');
  const meaning = ofRestore ? RESTORE_MEANINGS[verdict] : undefined;
  return { ...VERDICTS[verdict], ...(meaning === undefined ? {} : { meaning }) };
}

function renderVerdict(examination: Examination, width: number, paint: Paint): readonly string[] {
  const { counts, durationMs } = examination;
  const { name, meaning, style } = verdictWords(examination);
  return [
    paint(style, `${name}: ${meaning}`),
    ...wrap(`${countsInWords(counts)}, in ${(durationMs / 1000).toFixed(1)} s.`, width),
  ];
}

/** `2 failed, 1 warning, 54 passed` */
export function countsInWords({ fail, error, warn, info, pass, skip }: Examination['counts']): string {
  return [
    ...(fail > 0 ? [`${fail} failed`] : []),
    ...(error > 0 ? [`${error} broken`] : []),
    ...(warn > 0 ? [`${warn} ${warn === 1 ? 'warning' : 'warnings'}`] : []),
    ...(info > 0 ? [`${info} ${info === 1 ? 'note' : 'notes'}`] : []),
    `${pass} passed`,
    ...(skip > 0 ? [`${skip} skipped`] : []),
  ].join(', ');
}
