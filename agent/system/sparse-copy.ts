import { type FileHandle, open } from 'node:fs/promises';
import { type Extent, type Extents, loadExtents, unionOf } from './extents.ts';

/** One read and one write of this size are well above the cost of a round through the thread pool. */
const CHUNK_BYTES = 1024 * 1024;

/** The copy of one file that is made again and again, without opening or allocating anything. */
export interface SparseCopy {
  /**
   * Brings the copy up to date and returns how many bytes that took. Copies what is data now, and what was data in
   * an earlier run: a place that has become a hole meanwhile is zeros again. After a throw the copy is worth nothing
   * until a later run has finished.
   */
  run(signal: AbortSignal): Promise<number>;
  /** Safe more than once, and while a run is under way: that run then throws. */
  close(): Promise<void>;
}

/** Opens both files and makes the copy an empty one of the right size; the first `run` warms everything up. */
export async function openSparseCopy(source: string, destination: string): Promise<SparseCopy> {
  const extents = await loadExtents();
  const from = await open(source, 'r');
  let to: FileHandle | undefined;
  try {
    const sizeBytes = (await from.stat()).size;
    to = await open(destination, 'w', 0o600);
    await to.truncate(sizeBytes);
    return sparseCopy(from, to, sizeBytes, extents);
  } catch (error) {
    await Promise.all([from.close(), to?.close()]);
    throw error;
  }
}

function sparseCopy(from: FileHandle, to: FileHandle, sizeBytes: number, extents: Extents): SparseCopy {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  let known: readonly Extent[] = [];
  let closing: Promise<unknown> | undefined;

  return {
    async run(signal) {
      known = unionOf(known, extents.dataOf(from.fd, sizeBytes));
      let bytes = 0;
      for (const { start, end } of known) {
        for (let at = start; at < end; ) {
          signal.throwIfAborted();
          at += await copyChunk(from, to, buffer, at, Math.min(CHUNK_BYTES, end - at));
        }
        bytes += end - start;
      }
      return bytes;
    },
    async close() {
      closing ??= Promise.all([from.close(), to.close()]);
      await closing;
    },
  };
}

async function copyChunk(
  from: FileHandle,
  to: FileHandle,
  buffer: Buffer,
  at: number,
  length: number,
): Promise<number> {
  const { bytesRead } = await from.read(buffer, 0, length, at);
  if (bytesRead === 0) throw new Error(`the file that is copied ends at byte ${at}, and did not before`);
  let written = 0;
  while (written < bytesRead) {
    written += (await to.write(buffer, written, bytesRead - written, at + written)).bytesWritten;
  }
  return bytesRead;
}
