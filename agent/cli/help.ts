import { COMMON_FLAGS, type CommandSpec, type FlagSpec } from './flags.ts';
import { wrap } from './wrap.ts';

const WIDTH = 80;

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
    '       quiesced --health     How the last check ended, in one line',
    '       quiesced --version',
    '',
    'Commands:',
    ...columns(commands.filter(({ hidden }) => !hidden).map(({ name, about }) => [name, about])),
    '',
    'Every command has --json, and --help, which also states its exit codes.',
    'Configuration: /etc/quiesced/quiesced.conf; see: quiesced config',
    '',
  ].join('\n');

const commandHelp = ({ name, about, details, flags, words, verbs, exitCodes }: CommandSpec): string =>
  [
    `Usage: quiesced ${name}${verbs === undefined ? '' : ` ${Object.keys(verbs).join('|')}`}${flags.length > 0 ? ' [FLAG ...]' : ''}${words === undefined ? '' : ` ${words}`}`,
    '',
    `${about}.`,
    ...(details === undefined
      ? []
      : ['', ...details.split('\n').flatMap((line) => (line === '' ? [''] : wrap(line, WIDTH)))]),
    '',
    ...(verbs === undefined ? [] : [...columns(Object.entries(verbs)), '']),
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
    wrap(right, WIDTH - width - 4).map((line, index) => `  ${(index === 0 ? left : '').padEnd(width)}  ${line}`),
  );
}
