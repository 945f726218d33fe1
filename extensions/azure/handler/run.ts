import { resolve } from 'node:path';
import { messageOf, UserError } from '../../../agent/errors.ts';
import { createLog, type Log } from '../../../agent/log.ts';
import { redact } from '../../../agent/redact.ts';
import { localSystem } from '../../../agent/system/local.ts';
import { openLogFile } from '../../../agent/system/log-file.ts';
import { readableList } from '../../../agent/system/readable.ts';
import type { System } from '../../../agent/system/system.ts';
import { extensionName, extensionVersion } from '../identity.ts';
import { enable } from './enable.ts';
import { readEnvironment } from './environment.ts';
import type { Handler } from './handler.ts';
import { whenToldToEnd } from './tell-to-end.ts';
import { disable, install, uninstall, update } from './verbs.ts';

/** What the agent calls (`install` … `uninstall`), and what these start themselves (`start`, `job`, `settle`). */
const VERBS: Readonly<Record<string, (handler: Handler, sequence: number, signal: AbortSignal) => Promise<void>>> = {
  install,
  enable,
  update,
  disable,
  uninstall,
  async start(handler, sequence, signal) {
    const { handToSystemd } = await import('./start-job.ts');
    if (!(await handToSystemd(handler, sequence))) await (await import('./job.ts')).runJob(handler, sequence, signal);
  },
  job: async (...given) => (await import('./job.ts')).runJob(...given),
  settle: async (handler, sequence) => (await import('./job.ts')).settle(handler, sequence),
};

/** Whatever goes wrong in these, the agent must be able to take the extension away. */
const NEVER_FAIL = ['disable', 'uninstall'];

/**
 * From the command line to the exit code; never throws. What is printed ends in messages of the agent and in telemetry: a
 * line at most, without secrets.
 *
 * @param self how this program is started again; `quiesced` lies beside it.
 */
export async function runHandler(argv: readonly string[], self: readonly string[]): Promise<number> {
  const system = localSystem();
  const [verb = '', word] = argv;
  const run = VERBS[verb];
  if (run === undefined)
    return failed(new UserError('usage', `handler ${Object.keys(VERBS).join('|')}, not "${verb}"`), 2);
  try {
    const handler = await handlerIn(system, folderOf(argv, system), self);
    await run(handler, await sequenceOf(word, handler), signalOfOurEnd(system));
    return 0;
  } catch (error) {
    return failed(error, NEVER_FAIL.includes(verb) ? 0 : 1);
  }
}

async function handlerIn(system: System, folder: string, self: readonly string[]): Promise<Handler> {
  const environment = await readEnvironment(system, folder);
  return {
    system,
    log: await logIn(system, environment.logFolder),
    environment,
    name: extensionName(system.platform),
    // As the agent has unpacked it; the same number, unless somebody publishes it under another.
    version: /[-\\](\d+(?:\.\d+)+)[/\\]?$/.exec(folder)?.[1] ?? extensionVersion(),
    self,
    quiesced: [...self.slice(0, -1), quiescedBeside(self.at(-1) ?? '')],
  };
}

/** In the bundle and in the sources. */
const quiescedBeside = (handler: string): string =>
  handler.endsWith('.ts')
    ? handler.replace(/extensions\/azure\/handler\/main\.ts$/, 'agent/main.ts')
    : handler.replace(/lib[/\\][^/\\]+$/, 'quiesced.mjs');

const logIn = async (system: System, folder: string): Promise<Log> =>
  createLog('info', await openLogFile(system, () => undefined, folder));

/** Commands of the agent run in it, on Linux; elsewhere, and to what these start, it is told by an argument. */
const folderOf = (argv: readonly string[], { env }: System): string => {
  const at = argv.indexOf('--folder');
  const told = at < 0 ? undefined : argv[at + 1];
  return resolve(told ?? env.AZURE_GUEST_AGENT_EXTENSION_PATH ?? process.cwd());
};

/** 0 is what the agent says without settings, too. One that names none (Windows') has written the newest last. */
async function sequenceOf(word: string | undefined, { system, environment }: Handler): Promise<number> {
  const text = /^\d+$/.test(word ?? '') ? word : system.env.ConfigSequenceNumber;
  if (/^\d{1,15}$/.test(text ?? '')) return Number(text);
  const names = system.platform === 'windows' ? await readableList(system, environment.configFolder) : [];
  return Math.max(0, ...names.map((name) => Number(/^(\d{1,15})\.settings$/.exec(name)?.[1] ?? 0)));
}

function signalOfOurEnd(system: System): AbortSignal {
  const end = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => end.abort(new UserError('ended', `ended by ${name}`)));
  }
  if (system.platform === 'windows') whenToldToEnd(system, () => end.abort(new UserError('ended', 'told to end')));
  return end.signal;
}

function failed(error: unknown, exitCode: number): number {
  process.stderr.write(`${redact(`quiesced: ${messageOf(error)}`).slice(0, 1000)}\n`);
  return exitCode;
}
