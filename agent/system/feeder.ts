import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { messageOf, UserError } from '../errors.ts';
import { windowsCommand } from './command-line-windows.ts';
import type { System } from './system.ts';

/** For a client to act upon the end of its input. One that waits for its server does not hear of it. */
const LAST_MS = 5000;

/**
 * Stands between us and a client on Windows, as a shell does on Linux (`quiescers/client.ts`): hands lines on until one
 * says that all is well (`QUIESCED_BYE`), our pipe ends, or the time is up. Before the last two it says
 * `QUIESCED_FAREWELL`. With the end of its input the client ends; otherwise it is ended. Its outputs are ours.
 *
 * Settles with its exit code when it has ended. Throws a `UserError` (`quiescer.no-client`) where it cannot be started.
 */
export async function feed(
  system: Pick<System, 'env'>,
  argv: readonly string[],
  lifeMs: number,
  input: Readable,
): Promise<number> {
  const { QUIESCED_BYE: bye, QUIESCED_FAREWELL: farewell = '', ...env } = system.env;
  const { file, args, verbatim } = windowsCommand(system, argv);
  const client = spawn(file, [...args], {
    cwd: '/',
    env,
    stdio: ['pipe', 'inherit', 'inherit'],
    windowsHide: true,
    windowsVerbatimArguments: verbatim,
  });
  const ended = new Promise<number>((resolve, reject) => {
    client.once('error', reject);
    client.once('exit', (code) => resolve(code ?? 1));
  });
  // EPIPE: that it has ended tells more.
  client.stdin.on('error', () => undefined);
  let orderly = false;
  let cut = false;
  input.once('end', () => {
    cut = true;
  });
  // After the listener above: what has come without its end is given out at the end of all, and is half of a statement.
  const lines = createInterface({ input });
  const timeIsUp = setTimeout(() => lines.close(), lifeMs);
  lines.on('line', (line) => {
    if (line === bye) {
      orderly = true;
      lines.close();
    } else if (!cut) client.stdin.write(`${line}\n`);
  });
  lines.once('close', () => {
    client.stdin.end(orderly || farewell === '' ? '' : `${farewell}\n`);
    setTimeout(() => client.kill(), LAST_MS).unref();
  });
  try {
    return await ended;
  } catch (error) {
    throw new UserError('quiescer.no-client', `${argv[0]} cannot be run: ${messageOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timeIsUp);
    lines.close();
    input.destroy();
  }
}
