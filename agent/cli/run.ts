import { exhaustionOf, messageOf, UserError } from '../errors.ts';
import { createLog, type Log } from '../log.ts';
import { redact } from '../redact.ts';
import { localSystem } from '../system/local.ts';
import type { System } from '../system/system.ts';
import { RUN } from './commands.ts';
import type { CommandContext } from './context.ts';
import { type Given, parseCommandLine } from './flags.ts';
import { helpOf } from './help.ts';
import { COMMANDS } from './table.ts';
import { versionOf } from './version.ts';

/** From the command line to the exit code. Never throws: an error is printed, in JSON when that was asked for. */
export async function runCommandLine(argv: readonly string[], self: readonly string[]): Promise<number> {
  // What stands behind `--` is another program's.
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const json = own.includes('--json');
  try {
    const given = parseCommandLine(argv, COMMANDS);
    if (given.version) return printed(`quiesced ${versionOf()} (node ${process.version})\n`);
    if (given.help) return printed(helpOf(given.command, COMMANDS));
    const run = RUN[given.command?.name ?? ''];
    if (run === undefined) throw new Error(`the command ${given.command?.name} has no function`);
    const context = contextOf(given, self);
    if (given.command?.platforms?.includes(context.system.platform) === false) throw notHere(given.command.name);
    if (given.command?.needsRoot && !context.system.privileged) throw notRoot(given.command.name, context.system);
    return await run(context);
  } catch (error) {
    return failed(error, json);
  }
}

function contextOf(given: Given, self: readonly string[]): CommandContext {
  const system = localSystem();
  const { stdout, stderr, stdin } = process;
  const log = createLog('warn', (line) => stderr.write(`quiesced: ${line}\n`));
  return {
    given,
    system,
    log,
    self,
    signal: signalOfOurEnd(),
    json: given.switches.has('json'),
    width: Math.min(80, columnsOf(stdout)),
    colour: stdout.isTTY === true && !system.env.NO_COLOR,
    agent: () => agentOf(system, log, self, 'as configured'),
    agentInAnyCase: (own) => agentOf(system, own ?? log, self, 'in any case'),
    print: (text) => stdout.write(text),
    note: (text) => stderr.write(text),
    attended: stderr.isTTY === true,
    progress: (text) => {
      // Cut to the terminal: a line that wraps could not be taken back.
      if (stderr.isTTY === true) stderr.write(`\r\u001b[K${text.slice(0, columnsOf(stderr) - 1)}`);
    },
    async confirm(question) {
      if (stdin.isTTY !== true) return false;
      const { createInterface } = await import('node:readline/promises');
      const terminal = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
      } finally {
        terminal.close();
      }
    },
  };
}

const notHere = (command: string): UserError =>
  new UserError('platform', `${command} is for Linux only`, {
    remedy: 'What there is on Windows, and why the rest is not: docs/windows.md',
  });

const notRoot = (command: string, { platform }: System): UserError =>
  platform === 'windows'
    ? new UserError('not-root', `${command} is for administrators: it changes the whole machine, or shows what has`, {
        remedy: 'Start the terminal by "Run as administrator", and run it there.',
      })
    : new UserError('not-root', `${command} is for root: it stops or changes the whole machine, or shows what has`, {
        remedy: `Run it with sudo: sudo quiesced ${command}`,
      });

/** A terminal that does not know its width (a serial line) says 0. */
const columnsOf = ({ columns }: { readonly columns?: number }): number => columns || 80;

async function agentOf(system: System, log: Log, self: readonly string[], how: 'as configured' | 'in any case') {
  const { defaultConfig, loadConfig } = await import('../config/load.ts');
  const { createAgent } = await import('../daemon.ts');
  try {
    return await createAgent(system, log, (await loadConfig(system)).config, self);
  } catch (error) {
    if (how === 'as configured') throw error;
    log.warn(`going on with the defaults: ${messageOf(error)}`);
    return createAgent(system, log, await defaultConfig(system.platform), self);
  }
}

/** A second signal changes nothing: letting go is under way, and has its own deadlines. */
function signalOfOurEnd(): AbortSignal {
  const end = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGBREAK'] as const) {
    process.on(name, () => end.abort(new UserError('ended', `ended by ${name}`)));
  }
  return end.signal;
}

const printed = (text: string): number => {
  process.stdout.write(text);
  return 0;
};

function failed(error: unknown, json: boolean): number {
  const user = error instanceof UserError ? error : exhaustionOf(error);
  if (json) {
    const { code, remedy } = user ?? { code: 'internal', remedy: undefined };
    // Before it is JSON: what is taken out of it afterwards might be half of a string.
    const told = { code, message: redact(messageOf(error)), remedy: remedy && redact(remedy) };
    process.stdout.write(`${JSON.stringify({ schema: 1, error: told })}\n`);
  } else if (user !== undefined) {
    process.stderr.write(
      redact(`quiesced: ${user.message}\n${user.remedy === undefined ? '' : `  → ${user.remedy}\n`}`),
    );
  } else {
    const stack = error instanceof Error ? error.stack : String(error);
    process.stderr.write(redact(`quiesced: this is a bug of ours, please report it:\n${stack}\n`));
  }
  return user?.exitCode ?? 1;
}
