import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoOf } from '../errors.ts';
import { CLEAN_ENV } from './run.ts';

/** Of what the program says about its trouble. */
const TOLD_BYTES = 300;

/** There is no such program on this machine. */
export class MissingProgram extends Error {}

/**
 * What a program makes of a stream, as it comes: `['xz', '--decompress', '--stdout']`. The program is one of this machine,
 * looked up in a fixed PATH, and is killed as soon as nobody wants more. Throws `MissingProgram`, an error that says how it
 * ended unless that was well, or the signal's reason.
 */
export async function* filtered(
  argv: readonly [string, ...string[]],
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const [file, ...args] = argv;
  const child = spawn(file, args, { cwd: '/', env: { ...CLEAN_ENV }, stdio: ['pipe', 'pipe', 'pipe'], signal });
  const told: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => {
    if (Buffer.concat(told).length < TOLD_BYTES) told.push(chunk.subarray(0, TOLD_BYTES));
  });
  const ended = once(child, 'close');
  ended.catch(() => undefined);
  // A program that has seen enough closes its input; how it ended says whether that was well.
  const fed = pipeline(Readable.from(source, { objectMode: false }), child.stdin);
  fed.catch(() => undefined);
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const [code] = await ended;
    if (code !== 0) throw new Error(`${file} ended with ${code}: ${Buffer.concat(told).toString('utf8').trim()}`);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? new MissingProgram(file) : error;
  } finally {
    child.kill('SIGKILL');
  }
}
