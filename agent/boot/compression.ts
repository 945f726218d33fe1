import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { filtered } from '../system/filter.ts';

/** What initramfs images, and modules, are compressed with. */
export type Compression = 'gzip' | 'zstd' | 'xz' | 'lzma' | 'lz4' | 'bzip2' | 'lzo';

/** lib/decompress.c of Linux, and zstd's own format; lz4 in its old frame, as `lz4 -l` writes it. */
const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['lzma', [0x5d, 0x00, 0x00]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lzo', [0x89, 0x4c, 0x5a, 0x4f]],
];

/** As many bytes as `compressionOf` may look at. */
export const MAGIC_BYTES = 6;

export const compressionOf = (head: Buffer): Compression | undefined =>
  MAGICS.find(([, magic]) => magic.every((byte, at) => head[at] === byte))?.[0];

/** Programs of the machine that reads, for what Node itself does not undo. A bound on memory where there is one. */
const PROGRAMS: Readonly<Record<Exclude<Compression, 'gzip' | 'zstd'>, readonly [string, ...string[]]>> = {
  xz: ['xz', '--decompress', '--stdout', '--memlimit-decompress=512MiB'],
  lzma: ['xz', '--format=lzma', '--decompress', '--stdout', '--memlimit-decompress=512MiB'],
  lz4: ['lz4', '--decompress', '--stdout', '--quiet'],
  bzip2: ['bzip2', '--decompress', '--stdout'],
  lzo: ['lzop', '--decompress', '--stdout'],
};

/** Throws as `filtered` does, and for what is damaged. */
export function decompressed(
  compression: Compression,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  if (compression !== 'gzip' && compression !== 'zstd') return filtered(PROGRAMS[compression], source, signal);
  const unpack = compression === 'gzip' ? createGunzip() : createZstdDecompress();
  // Its failure comes to whoever reads the end of the chain.
  pipeline(Readable.from(source, { objectMode: false }), unpack, { signal }).catch(() => undefined);
  return unpack;
}
