import { parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';
import { messageOf, usageError } from '../errors.ts';
import type { Platform } from '../system/system.ts';

/** One flag of a command; help, completions and the man page are made from these tables. */
export interface FlagSpec {
  readonly name: string;
  readonly about: string;
  /** What stands for its value in the help; without it the flag is a switch. */
  readonly value?: string;
  /** What the value may be, where that is a short list: a shell offers it. */
  readonly of?: readonly string[];
  readonly many?: true;
}

export interface CommandSpec {
  readonly name: string;
  readonly about: string;
  /** More than one line, shown in the command's own help. */
  readonly details?: string;
  readonly flags: readonly FlagSpec[];
  /** What stands for further words in the help, where the command takes any. */
  readonly words?: string;
  /** What the one word may be that the command must have, with what each does: `service install`. */
  readonly verbs?: Readonly<Record<string, string>>;
  readonly exitCodes: Readonly<Record<number, string>>;
  /** Refused without root, in one place and with one text. */
  readonly needsRoot?: true;
  /** Where there is no such thing elsewhere; refused there in one place and with one text. */
  readonly platforms?: readonly Platform[];
  /** For our own processes; not in the help. */
  readonly hidden?: true;
}

export interface Given {
  readonly command: CommandSpec | undefined;
  readonly help: boolean;
  readonly version: boolean;
  readonly switches: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
}

/** Flags that every command has. */
export const COMMON_FLAGS: readonly FlagSpec[] = [
  { name: 'json', about: 'Print JSON instead of text' },
  { name: 'help', about: 'Print this help' },
];

/** Reads a command line by the table. Throws a usage error (exit code 2) that names the word and the nearest right one. */
export function parseCommandLine(argv: readonly string[], commands: readonly CommandSpec[]): Given {
  const [word, ...rest] = argv;
  // The one command that is written like a flag, as monitoring expects it of a program.
  const first = word === '--health' ? 'health' : word;
  const nothing = { switches: new Set<string>(), values: new Map(), words: [] };
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    return { ...nothing, command: undefined, help: true, version: false };
  }
  if (first === '--version' || first === '-V') return { ...nothing, command: undefined, help: false, version: true };
  const name = first === 'help' ? rest[0] : first;
  const command = commands.find((each) => each.name === name);
  if (command === undefined) throw unknownCommand(name ?? '', commands);
  if (first === 'help') return { ...nothing, command, help: true, version: false };
  return parseFlags(command, rest);
}

/** Longer than any word that could be meant as one; `parseArgs` takes the square of its length. */
const MAX_FLAG = 1000;

function parseFlags(command: CommandSpec, argv: readonly string[]): Given {
  const end = argv.indexOf('--');
  const long = argv.slice(0, end < 0 ? argv.length : end).find((word) => /^-[^-]/.test(word) && word.length > MAX_FLAG);
  if (long !== undefined) throw usageError(`there is no flag ${long.slice(0, 20)}…`, command.name);
  const specs = [...command.flags, ...COMMON_FLAGS];
  const options = Object.fromEntries(
    specs.map(({ name, value }) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: value !== undefined },
    ]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    const short = { ...options, help: { type: 'boolean' as const, short: 'h' } };
    parsed = parseArgs({
      args: [...argv],
      options: short,
      allowPositionals: command.words !== undefined || command.verbs !== undefined,
      strict: true,
    });
  } catch (error) {
    throw usageError(
      explain(
        error,
        specs.map(({ name }) => name),
      ),
      command.name,
    );
  }
  const values = new Map<string, readonly string[]>();
  for (const { name, value, many } of specs) {
    const given = parsed.values[name];
    if (value === undefined || !Array.isArray(given)) continue;
    if (given.length > 1 && many !== true) throw usageError(`--${name} is given twice`, command.name);
    values.set(name, given.map(String));
  }
  const switches = new Set(Object.keys(parsed.values).filter((name) => parsed.values[name] === true));
  const help = switches.has('help');
  if (command.verbs !== undefined && !help) assertVerb(command.name, Object.keys(command.verbs), parsed.positionals);
  return { command, help, version: false, switches, values, words: parsed.positionals };
}

function assertVerb(command: string, verbs: readonly string[], words: readonly string[]): void {
  const [verb, next] = words;
  if (verb === undefined) throw usageError(`${command} needs one of: ${verbs.join(', ')}`, command);
  const near = nearest(verb, verbs);
  if (!verbs.includes(verb)) {
    const advice = near === undefined ? `; there are: ${verbs.join(', ')}` : `; did you mean ${near}?`;
    throw usageError(`there is no ${command} ${verb}${advice}`, command);
  }
  if (next !== undefined) throw usageError(`${command} ${verb} takes no further word: ${next}`, command);
}

/** Node's own message names the word; the rest of it is advice for programmers. */
function explain(error: unknown, flags: readonly string[]): string {
  const [first = ''] = messageOf(error).split(/\.\s|\n/);
  const [, unknown] = /^Unknown option '--([^']*)'/.exec(first) ?? [];
  if (unknown !== undefined) {
    const near = nearest(unknown, flags);
    return `there is no flag --${unknown}${near === undefined ? '' : `; did you mean --${near}?`}`;
  }
  const [, flag, fault] = /^Option '.*?--([\w-]+)[^']*' (argument|does not)/.exec(first) ?? [];
  if (flag !== undefined) return `--${flag} ${fault === 'argument' ? 'needs a value' : 'takes no value'}`;
  return first.charAt(0).toLowerCase() + first.slice(1);
}

function unknownCommand(name: string, commands: readonly CommandSpec[]): Error {
  const near = nearest(
    name,
    commands.flatMap((each) => (each.hidden ? [] : each.name)),
  );
  return usageError(
    `there is no command ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}
