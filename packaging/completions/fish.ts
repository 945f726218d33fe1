import { ENTRANCES, type Offered, type OfferedFlag } from './offered.ts';

/** For fish(1): one `complete` a line. */
export const fishCompletion = (commands: readonly Offered[]): string =>
  [
    '# Completion of quiesced for fish.',
    'complete -c quiesced -f',
    ...commands.map(({ name, about }) => first(`-a ${name}`, about)),
    ...Object.entries(ENTRANCES).map(([flag, about]) => first(`-l ${flag.slice(2)}`, about)),
    ...commands.flatMap(ofCommand),
    '',
  ].join('\n');

const first = (what: string, about: string): string =>
  `complete -c quiesced -n __fish_use_subcommand ${what} -d ${quoted(about)}`;

function ofCommand({ name, verbs, flags }: Offered): readonly string[] {
  const after = `complete -c quiesced -n '__fish_seen_subcommand_from ${name}'`;
  return [
    ...Object.entries(verbs).map(([verb, about]) => `${after} -a ${verb} -d ${quoted(about)}`),
    ...flags.map((flag) => `${after} -l ${flag.name}${afterFlag(flag.value)} -d ${quoted(flag.about)}`),
  ];
}

function afterFlag(value: OfferedFlag['value']): string {
  if (value === 'none') return '';
  if (value === 'file') return ' -r -F';
  return value === 'free' ? ' -x' : ` -x -a ${quoted(value.join(' '))}`;
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
