import { COMMON_FLAGS, type CommandSpec, type FlagSpec } from '../../agent/cli/flags.ts';
import { COMMANDS } from '../../agent/cli/table.ts';

/** What a shell may offer, from the table of commands; each shell writes it in its own way. */
export interface Offered {
  readonly name: string;
  readonly about: string;
  /** One of these comes after the command. */
  readonly verbs: Readonly<Record<string, string>>;
  readonly flags: readonly OfferedFlag[];
}

export interface OfferedFlag {
  readonly name: string;
  readonly about: string;
  /** What comes after it: nothing, the name of a file, one of a list, or something that only its writer knows. */
  readonly value: 'none' | 'file' | 'free' | readonly string[];
}

/** Written in place of a command. */
export const ENTRANCES: Readonly<Record<string, string>> = {
  '--health': 'Say in one line how the last check ended',
  '--help': 'Print the help',
  '--version': 'Print the version',
};

export const offered = (commands: readonly CommandSpec[] = COMMANDS): readonly Offered[] =>
  commands
    .filter(({ hidden }) => hidden !== true)
    .map(({ name, about, verbs = {}, flags }) => ({
      name,
      about,
      verbs,
      flags: [...flags, ...COMMON_FLAGS].map((flag) => ({ ...flag, value: kindOfValue(flag) })),
    }));

function kindOfValue({ value, of }: FlagSpec): OfferedFlag['value'] {
  if (value === undefined) return 'none';
  return of ?? (['PATH', 'FILE'].includes(value) ? 'file' : 'free');
}
