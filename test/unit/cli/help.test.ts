import t from 'tap';
import { RUN } from '../../../agent/cli/commands.ts';
import { COMMON_FLAGS } from '../../../agent/cli/flags.ts';
import { helpOf } from '../../../agent/cli/help.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';

const shown = COMMANDS.filter(({ hidden }) => hidden !== true);
const tooLong = (text: string): readonly string[] => text.split('\n').filter((line) => [...line].length > 80);

t.test('the help of the program names every command, and none of our own processes', async (t) => {
  const help = helpOf(undefined, COMMANDS);
  t.strictSame(tooLong(help), []);
  for (const { name, about } of shown) {
    t.match(help, new RegExp(`^ {2}${name} +${about.slice(0, 20)}`, 'm'));
  }
  for (const { name, hidden } of COMMANDS) if (hidden) t.notMatch(help, new RegExp(`^ {2}${name} `, 'm'));
  t.ok(help.endsWith('\n'));
});

for (const command of COMMANDS) {
  t.test(`the help of ${command.name} has its flags and exit codes`, async (t) => {
    const help = helpOf(command, COMMANDS);
    t.strictSame(tooLong(help), []);
    t.match(help, `Usage: quiesced ${command.name}`);
    for (const { name, value, about } of [...command.flags, ...COMMON_FLAGS]) {
      t.match(
        help,
        new RegExp(
          `^ {2}--${name}${value === undefined ? ' ' : ` ${RegExp.escape(value)} `} *${about.split(' ')[0]}`,
          'm',
        ),
      );
    }
    for (const [code, meaning] of Object.entries(command.exitCodes)) {
      t.match(help, new RegExp(`^ {2}${code} {2}${meaning.slice(0, 10)}`, 'm'), 'what each exit code means');
    }
    for (const code of command.hidden ? ['0'] : ['0', '1', '2'])
      t.ok(code in command.exitCodes, `says what ${code} means`);
    for (const word of (command.details ?? '').split(/\s+/))
      t.ok(help.includes(word), 'nothing of the details is lost');
  });
}

t.test('every command has a function, and every function a command', async (t) => {
  t.strictSame(Object.keys(RUN).sort(), COMMANDS.map(({ name }) => name).sort());
});

t.test('an empty line in the details stays one', async (t) => {
  const command = { name: 'x', about: 'X', details: 'one\n\ntwo', flags: [], exitCodes: { 0: 'done' } };
  t.match(helpOf(command, []), '\none\n\ntwo\n');
});
