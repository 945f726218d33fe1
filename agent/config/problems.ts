import { UserError } from '../errors.ts';

/** One thing that is wrong in a configuration file. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly section?: string;
  readonly key?: string;
  /** Follows the place: `is not yes or no`. Never holds a value that may be secret. */
  readonly what: string;
  readonly remedy: string;
}

/** A file full of garbage must not fill the terminal. */
const SHOWN_PROBLEMS = 100;

/** All problems in one error, one a line: `file:line: [section] key: what is wrong`. Quiescers report theirs with it too. */
export function invalidConfig(problems: readonly Problem[]): UserError {
  const shown = problems.slice(0, SHOWN_PROBLEMS);
  const more = problems.length - shown.length;
  const lines = shown.map((problem) => `${placeOf(problem)}: ${problem.what}`);
  if (more > 0) lines.push(`… and ${more} more`);
  return new UserError('config.invalid', lines.join('\n'), { remedy: remedyOf(shown) });
}

const placeOf = ({ file, line, section, key }: Problem): string => {
  const where = [section === undefined ? '' : `[${printable(section)}]`, key === undefined ? '' : printable(key)];
  return [`${file}:${line}`, where.filter((part) => part !== '').join(' ')].filter((part) => part !== '').join(': ');
};

function remedyOf(problems: readonly Problem[]): string {
  const [only] = problems;
  if (problems.length === 1 && only !== undefined) return only.remedy;
  return problems.map(({ file, line, remedy }) => `${file}:${line}: ${remedy}`).join('\n');
}

/** Short enough for a line. */
const printable = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 80)}…`);
