import { COMMON_FLAGS, type CommandSpec, type FlagSpec } from './flags.ts';

/** The help of the program, or of one command; made from the table, so it cannot disagree with the parser. */
export const helpOf = (command: CommandSpec | undefined, commands: readonly CommandSpec[]): string =>
  command === undefined ? programHelp(commands) : commandHelp(command);

const programHelp = (commands: readonly CommandSpec[]): string =>
  [
    'quiesced: gets this machine ready to be backed up, brings it to rest while the',
    'snapshot is taken, and always lets it go again.',
    '',
    'Usage: quiesced COMMAND [FLAG ...]',
    '       quiesced COMMAND --help',
    '       quiesced --health     How the last check ended, in one line and an exit code',
    '       quiesced --version',
    '',
    'Commands:',
    ...columns(commands.filter(({ hidden }) => !hidden).map(({ name, about }) => [name, about])),
    '',
    'Every command prints JSON with --json, and help, with its exit codes, with --help.',
    'Configuration: /etc/quiesced/quiesced.conf; see: quiesced config',
    '',
  ].join('\n');

const commandHelp = ({ name, about, details, flags, words, exitCodes }: CommandSpec): string =>
  [
    `Usage: quiesced ${name}${flags.length > 0 ? ' [FLAG ...]' : ''}${words === undefined ? '' : ` ${words}`}`,
    '',
    `${about}.`,
    ...(details === undefined ? [] : ['', ...details.split('\n').flatMap((line) => wrap(line, 80))]),
    '',
    'Flags:',
    ...columns([...flags, ...COMMON_FLAGS].map((flag) => [nameOf(flag), flag.about])),
    '',
    'Exit codes:',
    ...columns(Object.entries(exitCodes)),
    '',
  ].join('\n');

const nameOf = ({ name, value }: FlagSpec): string => `--${name}${value === undefined ? '' : ` ${value}`}`;

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) =>
    wrap(right, 80 - width - 4).map((line, index) => `  ${(index === 0 ? left : '').padEnd(width)}  ${line}`),
  );
}

/** Breaks text at blanks; a word that is longer than the line stands alone. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
