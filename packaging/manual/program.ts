import { COMMON_FLAGS, type CommandSpec, type FlagSpec } from '../../agent/cli/flags.ts';
import { COMMANDS } from '../../agent/cli/table.ts';
import { sourceDate } from '../repository.ts';
import { dayOf } from './day.ts';
import { bold, entry, example, page, paragraph, section, subsection, title } from './roff.ts';

const ABOUT = 'gets this machine ready to be backed up, brings it to rest, lets it go';

/** quiesced(8), from the table of commands. */
export const programManual = (commands: readonly CommandSpec[] = COMMANDS): string =>
  page([
    title('quiesced', 8, dayOf(sourceDate()), 'System administration'),
    section('NAME'),
    `quiesced \\- ${ABOUT}`,
    section('SYNOPSIS'),
    example('quiesced COMMAND [FLAG ...]\nquiesced COMMAND --help\nquiesced --health [--json]\nquiesced --version'),
    section('DESCRIPTION'),
    paragraph(
      'A virtual machine is backed up by taking a snapshot of its disks from outside. quiesced says whether that would work, brings applications and file systems to rest while the snapshot is taken, and lets them go again, whatever fails: a second process holds the deadline and the way back.',
    ),
    paragraph('Every command has these flags:'),
    ...COMMON_FLAGS.map(flagEntry),
    section('COMMANDS'),
    ...commands.filter(({ hidden }) => hidden !== true).flatMap(commandPart),
    section('HEALTH'),
    paragraph(
      'quiesced --health says in one line how the last check ended. It reads a file, runs nothing, and needs no root.',
    ),
    ...exitCodes(commands.find(({ name }) => name === 'health')?.exitCodes ?? {}),
    section('FILES'),
    entry('/etc/quiesced/quiesced.conf', 'The configuration; all of it is optional. See quiesced.conf(5).'),
    entry('/etc/quiesced/hooks.d', 'Programs that are run before and after a snapshot.'),
    entry('/run/quiesced/status.json', 'How the last check ended, for everybody to read.'),
    entry('/var/lib/quiesced', 'What is owed, and the last outcomes. Kept until the package is purged.'),
    section('SEE ALSO'),
    paragraph('quiesced.conf(5), fsfreeze(8)'),
  ]);

function commandPart({ name, about, details, flags, words, verbs, exitCodes: codes }: CommandSpec): readonly string[] {
  const usage = [name, verbs && Object.keys(verbs).join('|'), flags.length > 0 ? '[FLAG ...]' : undefined, words];
  return [
    subsection(usage.filter((part) => part !== undefined).join(' ')),
    paragraph(`${about}.`),
    ...(details === undefined ? [] : [paragraph(details)]),
    ...Object.entries(verbs ?? {}).map(([verb, what]) => entry(verb, what)),
    ...flags.map(flagEntry),
    ...exitCodes(codes),
  ];
}

const flagEntry = ({ name, value, about }: FlagSpec): string =>
  entry(`--${name}${value === undefined ? '' : ` ${value}`}`, about);

const exitCodes = (codes: CommandSpec['exitCodes']): readonly string[] => [
  paragraph('Exit codes:'),
  '.RS',
  ...Object.entries(codes).map(([code, meaning]) => `.TP\n${bold(code)}\n${meaning}`),
  '.RE',
];
