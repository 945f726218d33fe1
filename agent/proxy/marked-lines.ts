import type { FileChange } from '../system/changes.ts';
import { stateAt } from '../system/steps.ts';
import type { System } from '../system/system.ts';

/**
 * Lines of ours in a file of somebody else, so that taking them out gives back every byte. Ours stand in one block
 * between two marks. A line of theirs that says the same is kept where it is, as a comment behind a third mark: in all
 * these formats a `#` in the first column begins one.
 *
 * Texts hold a character for each byte, so that any encoding passes. Lines of ours end with a line feed whatever the
 * others end with: to the agent and to pam_env a carriage return is a part of the value.
 */
export interface LineFormat {
  /** Whether the line sets one of the keys that ours set. */
  isSetting(line: string): boolean;
  /** Which lines, by index, set what we set; all settings when it is left out. */
  theirs?(lines: readonly string[]): readonly number[];
  /** The line behind which ours belong; at the end of the file when it is left out. */
  behind?(lines: readonly string[]): number;
}

const BEGIN = '# quiesced proxy: from here';
/** The text before had no line end at its end, and gets it back so. */
const BEGIN_OPEN = `${BEGIN} (no line end before)`;
/** There was no file. */
const BEGIN_NEW = `${BEGIN} (no file before)`;
const END = '# quiesced proxy: to here';
const KEPT = '# quiesced proxy, in place of: ';

/**
 * Safe on any text, also a second time. `undefined` stands for no file.
 *
 * @param ours lines without their ends; none of them takes all that is ours out.
 */
export function withOurLines(
  text: string | undefined,
  ours: readonly string[],
  format: LineFormat,
): string | undefined {
  const original = text === undefined ? undefined : withoutOurLines(text, format);
  if (ours.length === 0) return original;
  if (original === undefined) return [...block(BEGIN_NEW, ours), ''].join('\n');
  const lines = original.split('\n');
  for (const index of theirsIn(lines, format)) lines[index] = `${KEPT}${lines[index]}`;
  const at = format.behind?.(lines) ?? lines.length;
  if (at < lines.length - 1) {
    return [...lines.slice(0, at + 1), ...block(BEGIN, ours), ...lines.slice(at + 1)].join('\n');
  }
  // What follows the last line feed is no line when it is empty.
  const open = lines.at(-1) !== '';
  return [...(open ? lines : lines.slice(0, -1)), ...block(open ? BEGIN_OPEN : BEGIN, ours), ''].join('\n');
}

/** The change of the file, if there is one. @param mode of a file that is made; without it there must be one. */
export async function planOurLines(
  system: System,
  path: string,
  ours: readonly string[],
  format: LineFormat,
  mode?: number,
): Promise<readonly FileChange[]> {
  const present = await stateAt(system, path);
  if ((present !== undefined && present.kind !== 'file') || (present === undefined && mode === undefined)) return [];
  const text = withOurLines(present?.text, ours, format);
  if (text === present?.text) return [];
  return [
    text === undefined ? { do: 'remove', path } : { do: 'write', path, text, mode: mode ?? 0o644, encoding: 'latin1' },
  ];
}

const theirsIn = (lines: readonly string[], format: LineFormat): readonly number[] =>
  format.theirs?.(lines) ?? lines.flatMap((line, index) => (format.isSetting(line) ? [index] : []));

const block = (begin: string, ours: readonly string[]): readonly string[] => [begin, ...ours, END];

/** The text as it was. What somebody else has written into our block stays; so does all behind one that lost its end. */
function withoutOurLines(text: string, format: LineFormat): string | undefined {
  const lines = text.split('\n').map(unmarked);
  const kept: string[] = [];
  let open = false;
  let made = false;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (!isBegin(line)) {
      if (line !== END) kept.push(line);
      continue;
    }
    const end = endOf(lines, index, format);
    kept.push(...lines.slice(index + 1, end).filter((each) => !format.isSetting(each)));
    made ||= line === BEGIN_NEW;
    open = line === BEGIN_OPEN && end === lines.length - 2 && lines.at(-1) === '';
    index = end;
  }
  const left = (open ? kept.slice(0, -1) : kept).join('\n');
  return made && left === '' ? undefined : left;
}

const isBegin = (line: string): boolean => [BEGIN, BEGIN_OPEN, BEGIN_NEW].includes(line);

/** More than one mark only when somebody else has copied it. */
function unmarked(line: string): string {
  let rest = line;
  while (rest.startsWith(KEPT)) rest = rest.slice(KEPT.length);
  return rest;
}

/** Index of the end mark; where it is gone, of the last setting that follows the beginning. */
function endOf(lines: readonly string[], begin: number, { isSetting }: LineFormat): number {
  const next = lines.findIndex((line, index) => index > begin && (line === END || isBegin(line)));
  if (lines[next] === END) return next;
  let last = begin;
  while (last + 1 < lines.length && isSetting(lines[last + 1] ?? '')) last += 1;
  return last;
}
