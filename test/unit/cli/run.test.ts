import t from 'tap';
import { RUN } from '../../../agent/cli/commands.ts';
import type { Command } from '../../../agent/cli/context.ts';
import { runCommandLine } from '../../../agent/cli/run.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';
import { versionOf } from '../../../agent/cli/version.ts';
import { UserError } from '../../../agent/errors.ts';

type Write = typeof process.stdout.write;

/** Whoever runs the tests: most commands are for root. */
const asRoot = () => Object.assign(process, { geteuid: () => 0 });
asRoot();

/** Runs a command line in this process, and keeps what it prints. */
async function run(...argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const { stdout, stderr } = process;
  const [toOut, toErr] = [stdout.write, stderr.write];
  const keep = (where: 'out' | 'err') =>
    ((text: string) => {
      printed[where] += text;
      return true;
    }) as Write;
  stdout.write = keep('out');
  stderr.write = keep('err');
  try {
    const code = await runCommandLine(argv, ['node', 'main.ts']);
    return { code, ...printed };
  } finally {
    stdout.write = toOut;
    stderr.write = toErr;
  }
}

/** Puts another function in the place of a command's own. */
async function withStatus<T>(status: Command, work: () => Promise<T>): Promise<T> {
  const table = RUN as Record<string, Command>;
  const own = table.status as Command;
  table.status = status;
  try {
    return await work();
  } finally {
    table.status = own;
  }
}

const throwing =
  (error: unknown): Command =>
  async () => {
    throw error;
  };

const SECRET = 'Zm9vYmFyYmF6cXV4MTIzNDU2';
const SAS = `https://a.blob.core.windows.net/c/d.vhd?sv=2023-11-03&sig=${SECRET}%3D&se=2026`;

t.test('help and version go to the output, with exit code 0', async (t) => {
  t.match(await run(), { code: 0, out: /^quiesced: gets this machine ready/, err: '' });
  t.match(await run('hold', '--help'), { code: 0, out: /^Usage: quiesced hold/ });
  t.strictSame(await run('--version'), {
    code: 0,
    out: `quiesced ${versionOf()} (node ${process.version})\n`,
    err: '',
  });
});

t.test('a wrong command line: exit code 2, what is wrong, and the way to the help', async (t) => {
  const says = "quiesced: unexpected argument 'x'\n  → See: quiesced status --help\n";
  t.strictSame(await run('status', 'x'), { code: 2, out: '', err: says });
  const { code, out, err } = await run('status', 'x', '--json');
  t.equal(code, 2);
  t.equal(err, '');
  t.strictSame(JSON.parse(out), {
    schema: 1,
    error: { code: 'usage', message: "unexpected argument 'x'", remedy: 'See: quiesced status --help' },
  });
});

t.test('what is for another program does not make our answer JSON', async (t) => {
  t.match(await run('status', '--', '--json'), { code: 2, out: '', err: /unexpected argument/ });
});

t.test('the exit code of a command is ours', async (t) => {
  for (const code of [0, 1, 3])
    t.equal(
      (
        await withStatus(
          async () => code,
          () => run('status'),
        )
      ).code,
      code,
    );
  const own = new UserError('x', 'message', { exitCode: 7 });
  t.equal((await withStatus(throwing(own), () => run('status'))).code, 7);
});

t.test('an error for the reader is told without a stack, and without its secrets', async (t) => {
  const error = new UserError('x.y', `cannot read ${SAS}`, { remedy: `curl '${SAS}'` });
  const text = await withStatus(throwing(error), () => run('status'));
  t.match(text, {
    code: 1,
    out: '',
    err: /^quiesced: cannot read https:\/\/a\.blob.*sig=\[redacted\]&se=2026\n {2}→ curl/,
  });
  t.notMatch(text.err, SECRET);
  const json = await withStatus(throwing(error), () => run('status', '--json'));
  t.notMatch(json.out, SECRET);
  t.match(JSON.parse(json.out), { schema: 1, error: { code: 'x.y', message: /cannot read/, remedy: /curl/ } });
});

t.test('a bug is told with its stack, and without its secrets', async (t) => {
  const text = await withStatus(throwing(new TypeError(`no ${SAS}`)), () => run('status'));
  t.match(text, { code: 1, out: '', err: /^quiesced: this is a bug of ours.*\nTypeError: no https.*\n +at / });
  t.notMatch(text.err, SECRET);
  const json = await withStatus(throwing(`a string with ${SAS}`), () => run('status', '--json'));
  t.match(JSON.parse(json.out), { error: { code: 'internal', message: /a string with/ } });
  t.notMatch(json.out, SECRET);
});

t.test('JSON stays JSON, whatever is taken out of it', async (t) => {
  const awkward = [
    '{"password":"a\\"b"}',
    'password="',
    "token: '",
    `"authorization":"Bearer ${SECRET}"`,
    'http://u:p@h"',
  ];
  for (const message of awkward) {
    const { out } = await withStatus(throwing(new UserError('x', message)), () => run('status', '--json'));
    t.match(JSON.parse(out), { schema: 1, error: { code: 'x' } }, message);
  }
});

t.test('what stops the machine, or shows what has, is for root', async (t) => {
  t.teardown(asRoot);
  Object.assign(process, { geteuid: () => 1000 });
  const called: string[] = [];
  const note: Command = async () => {
    called.push('status');
    return 0;
  };
  t.match(await withStatus(note, () => run('status')), {
    code: 1,
    out: '',
    err: /status is for root.*\n {2}→ Run it with sudo: sudo quiesced status\n/,
  });
  t.strictSame(called, []);
  t.match(await run('status', '--help'), { code: 0, out: /^Usage/ }, 'the help is for everybody');
  asRoot();
  t.equal((await withStatus(note, () => run('status'))).code, 0);
});

t.test('whatever freezes, thaws or tells of it asks for root', async (t) => {
  for (const name of ['rehearse', 'snapshot', 'hold', 'release', 'freeze', 'thaw', 'guard', 'keep-hold', 'recover']) {
    t.equal(COMMANDS.find((each) => each.name === name)?.needsRoot, true, name);
  }
});

t.test('what a command needs is there', async (t) => {
  let seen: unknown;
  const look: Command = async ({ given, width, json, colour, signal, confirm }) => {
    const switches = [...given.switches];
    // Nobody is asked without a terminal; a person who runs this at one is not asked either.
    const agreed = process.stdin.isTTY !== true && (await confirm('?'));
    seen = {
      switches,
      narrow: width > 0 && width <= 80,
      json,
      colour,
      ended: signal.aborted,
      agreed,
    };
    return 0;
  };
  t.equal((await withStatus(look, () => run('status', '--json'))).code, 0);
  t.strictSame(seen, { switches: ['json'], narrow: true, json: true, colour: false, ended: false, agreed: false });
});
