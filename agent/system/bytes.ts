import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { errnoOf } from '../errors.ts';

/** The bytes of a file, by the path as this process opens it; `undefined` when it does not exist. */
export async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The bytes of a file as they are needed, for one that may be large. Errors come with the first of them. */
export const byteStream = (path: string): AsyncIterable<Buffer> =>
  createReadStream(path, { highWaterMark: 1024 * 1024 });
