import { loadNative } from './native.ts';

/** A run of bytes of a file, `end` not included. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

export interface Extents {
  /**
   * Where a file may hold something else than zeros: lseek(2) with SEEK_DATA and SEEK_HOLE, which Node does not
   * offer. Moves the offset of the descriptor. A file system that does not know holes answers with the whole file.
   */
  dataOf(fd: number, sizeBytes: number): readonly Extent[];
}

const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/** Loads koffi and binds libc, on first use only. `lseek` does no I/O worth a thread: a few microseconds a call. */
export async function loadExtents(): Promise<Extents> {
  const { koffi, library } = await loadNative();
  const lseek = library.func('int64 lseek(int fd, int64 offset, int whence)');
  const { ENXIO } = koffi.os.errno as Readonly<Record<string, number>>;
  const seek = (fd: number, offset: number, whence: number): number | undefined => {
    const at = Number(lseek(fd, offset, whence));
    if (at >= 0) return at;
    const errno = koffi.errno();
    // No data from there on, also when the hole is the end of the file: lseek(2).
    if (errno === ENXIO) return undefined;
    throw new Error(`lseek failed with error ${errno}`);
  };

  return {
    dataOf: (fd, sizeBytes) => {
      const extents: Extent[] = [];
      let start = seek(fd, 0, SEEK_DATA);
      while (start !== undefined && start < sizeBytes) {
        const end = Math.min(seek(fd, start, SEEK_HOLE) ?? sizeBytes, sizeBytes);
        extents.push({ start, end });
        start = end < sizeBytes ? seek(fd, end, SEEK_DATA) : undefined;
      }
      return extents;
    },
  };
}

/** The bytes that are in either list, sorted and without overlap. */
export function unionOf(first: readonly Extent[], second: readonly Extent[]): readonly Extent[] {
  const union: Extent[] = [];
  for (const extent of [...first, ...second].sort((a, b) => a.start - b.start)) {
    const last = union.at(-1);
    if (last === undefined || extent.start > last.end) union.push(extent);
    else union[union.length - 1] = { start: last.start, end: Math.max(last.end, extent.end) };
  }
  return union;
}
