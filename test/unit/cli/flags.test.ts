import t from 'tap';
import {
  COMMON_FLAGS,
  type CommandSpec,
  type FlagSpec,
  type Given,
  parseCommandLine,
} from '../../../agent/cli/flags.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';
import { UserError } from '../../../agent/errors.ts';
import fc from '../../fast-check.ts';

const parse = (...argv: string[]): Given => parseCommandLine(argv, COMMANDS);
const refused = (...argv: string[]): UserError => {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
};

t.test('help and version, however they are asked for', async (t) => {
  for (const argv of [[], ['--help'], ['-h'], ['help']]) t.match(parse(...argv), { help: true, command: undefined });
  for (const argv of [['--version'], ['-V']]) t.match(parse(...argv), { version: true, help: false });
  for (const { name } of COMMANDS) {
    for (const argv of [
      ['help', name],
      [name, '--help'],
      [name, '-h'],
      [name, '--json', '-h'],
    ]) {
      t.match(parse(...argv), { help: true, command: { name } }, argv.join(' '));
    }
  }
});

const flagsOf = ({ flags }: CommandSpec): readonly FlagSpec[] => [...flags, ...COMMON_FLAGS];

for (const command of COMMANDS) {
  // A command with verbs is always given one.
  const verb = Object.keys(command.verbs ?? {}).slice(0, 1);
  t.test(`every flag of ${command.name}`, async (t) => {
    t.match(parse(command.name, ...verb), {
      command: { name: command.name },
      help: false,
      version: false,
      words: verb,
    });
    for (const { name, value, many } of flagsOf(command)) {
      if (value === undefined) {
        const given = parse(command.name, ...verb, `--${name}`, `--${name}`);
        t.ok(given.switches.has(name), `--${name}, and again`);
        t.match(refused(command.name, ...verb, `--${name}=yes`), { code: 'usage', exitCode: 2 }, 'takes no value');
        continue;
      }
      t.strictSame(parse(command.name, ...verb, `--${name}`, 'x').values.get(name), ['x']);
      t.strictSame(parse(command.name, ...verb, `--${name}=a=b c`).values.get(name), ['a=b c']);
      t.match(
        refused(command.name, ...verb, `--${name}`),
        { exitCode: 2, message: new RegExp(`--${name}`) },
        'needs its value',
      );
      t.match(refused(command.name, ...verb, `--${name}`, '--json'), { exitCode: 2 }, 'and not the next flag');
      if (many === true)
        t.strictSame(parse(command.name, ...verb, `--${name}`, 'x', `--${name}`, 'y').values.get(name), ['x', 'y']);
      else
        t.match(refused(command.name, ...verb, `--${name}`, 'x', `--${name}`, 'y'), {
          message: `--${name} is given twice`,
        });
    }
  });

  t.test(`words of ${command.name}`, async (t) => {
    if (command.verbs !== undefined) {
      t.match(refused(command.name), { code: 'usage', exitCode: 2, message: /needs one of: / });
      t.match(refused(command.name, `${verb[0]}x`), { message: new RegExp(`did you mean ${verb[0]}`) });
      t.match(refused(command.name, 'xyzzy'), { exitCode: 2, message: /there are: / });
      t.match(refused(command.name, ...verb, 'word'), { exitCode: 2, message: /no further word: word/ });
      t.ok(parse(command.name, '--help').help, 'the help needs none');
    } else if (command.words === undefined) {
      t.match(refused(command.name, 'word'), { code: 'usage', exitCode: 2, message: /'word'/ });
      t.match(refused(command.name, '--', 'word'), { exitCode: 2 });
    } else {
      const given = parse(command.name, '--', 'dd', '--json', '--mount=x');
      t.strictSame(given.words, ['dd', '--json', '--mount=x'], 'what stands behind -- is not ours');
      t.notOk(given.switches.has('json'));
    }
  });
}

t.test('a wrong word is named, with the right one and the way to the help', async (t) => {
  t.match(refused('snapshto'), {
    code: 'usage',
    exitCode: 2,
    message: 'there is no command "snapshto"; did you mean snapshot?',
    remedy: 'See: quiesced --help',
  });
  t.equal(refused('xyzzy').message, 'there is no command "xyzzy"');
  t.equal(refused('help', 'hol').message, 'there is no command "hol"; did you mean hold?');
  t.notMatch(refused('gard').message, /guard/, 'what is not in the help is not proposed');
  t.match(refused('hold', '--mout', '/'), {
    message: 'there is no flag --mout; did you mean --mount?',
    remedy: 'See: quiesced hold --help',
  });
  t.equal(refused('hold', '--xyzzy').message, 'there is no flag --xyzzy');
  t.match(refused('hold', '-x').message, /-x/);
  t.match(refused('--json').message, /there is no command "--json"/);
});

t.test('what is wrong with a flag is said in our own words', async (t) => {
  t.equal(refused('hold', '--for').message, '--for needs a value');
  t.equal(refused('hold', '--mount', '--json').message, '--mount needs a value');
  t.equal(refused('hold', '--json=1').message, '--json takes no value');
  t.equal(refused('hold', '--help=1').message, '--help takes no value');
  t.equal(refused('status', 'x').message, "unexpected argument 'x'");
});

t.test('a message is one line', async (t) => {
  for (const argv of [
    ['hold', '--mount', '--json'],
    ['hold', '--for'],
    ['hold', 'x'],
    ['hold', '--json=1'],
    ['hold', '-j'],
  ]) {
    const { message } = refused(...argv);
    t.notMatch(message, /\n/, argv.join(' '));
    t.ok(message.length < 80, message);
  }
});

/** Words that a command line might be made of, right and wrong ones. */
const word = fc.oneof(
  fc.constantFrom(
    ...COMMANDS.map(({ name }) => name),
    'help',
    '--',
    '-',
    '-h',
    '--json',
    '--no-json',
    '--json=',
    '-hh',
  ),
  fc.constantFrom(
    '--mount',
    '--mount=',
    '--for',
    '--last',
    '--last=5',
    '--__proto__',
    '--constructor',
    '__proto__',
    '--=',
  ),
  fc.string(),
  fc.string().map((text) => `--${text}`),
  fc.string().map((text) => `-${text}`),
);

t.test('whatever it is given, it parses or says what is wrong, with exit code 2', async () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
      try {
        const { command, switches, values } = parse(...argv);
        const known = command === undefined ? [] : flagsOf(command).map(({ name }) => name);
        for (const name of [...switches, ...values.keys()]) if (!known.includes(name)) throw new Error(`--${name}`);
      } catch (error) {
        if (!(error instanceof UserError) || error.exitCode !== 2 || error.message === '') throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

t.test('a flag that is no word is refused at once', async (t) => {
  const beganMs = performance.now();
  t.match(refused('check', `-${'x'.repeat(100_000)}`).message, /^there is no flag -x{19}…$/);
  t.ok(performance.now() - beganMs < 5000);
  t.match(
    parse('snapshot', '--', '/bin/x', `-${'x'.repeat(100_000)}`).words.length,
    2,
    'what a program gets is its own',
  );
});
