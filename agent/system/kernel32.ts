import { openLibrary } from './native.ts';

/** What the kernel of Windows knows an open file or pipe by. Not inherited by children. */
export type Handle = { readonly handle: bigint };

/** winnt.h and fileapi.h. */
export const READ_WRITE = 0xc000_0000;
export const READ_CONTROL = 0x0002_0000;
export const WRITE_DAC = 0x0004_0000;
export const SHARE_ALL = 7;
export const OPEN_EXISTING = 3;
export const OPEN_ALWAYS = 4;
const FILE_ATTRIBUTE_NORMAL = 0x80;
const LOCKFILE_FAIL_IMMEDIATELY = 1;
const LOCKFILE_EXCLUSIVE_LOCK = 2;
const INVALID_HANDLE = -1n;

export interface Kernel32 {
  /** CreateFileW; the number of the error where it fails. @param flags beside FILE_ATTRIBUTE_NORMAL. */
  open(path: string, access: number, share: number, disposition: number, flags?: number): Handle | number;
  close(handle: Handle): void;
  /** LockFileEx on one byte, without waiting. Whether it was to be had. */
  lock(handle: Handle, how: 'exclusive' | 'shared', at: { readonly offsetHigh: number }): boolean;
  /** Of the last call on this thread that failed. */
  lastError(): number;
}

let bound: Kernel32 | undefined;

/** A process has one. */
export function kernel32(): Kernel32 {
  bound ??= bind();
  return bound;
}

function bind(): Kernel32 {
  const { library, koffi } = openLibrary('kernel32.dll');
  const overlapped = koffi.struct({
    internal: 'uint64',
    internalHigh: 'uint64',
    offset: 'uint32',
    offsetHigh: 'uint32',
    event: 'void *',
  });
  const createFile = library.func(
    'int64 CreateFileW(str16 path, uint32 access, uint32 share, void *security, uint32 disposition, uint32 flags, int64 template)',
  );
  const closeHandle = library.func('int CloseHandle(int64 handle)');
  const lockFile = library.func('LockFileEx', 'int', [
    'int64',
    'uint32',
    'uint32',
    'uint32',
    'uint32',
    koffi.inout(koffi.pointer(overlapped)),
  ]);
  const getLastError = library.func('uint32 GetLastError()');
  return {
    open(path, access, share, disposition, flags = 0) {
      const value = createFile(path, access, share, null, disposition, FILE_ATTRIBUTE_NORMAL | flags, 0);
      // Asked at once: whatever else is called may set another.
      const code = Number(getLastError());
      return BigInt(value) === INVALID_HANDLE ? code : { handle: BigInt(value) };
    },
    close: ({ handle }) => void closeHandle(handle),
    lock({ handle }, how, { offsetHigh }) {
      const flags = LOCKFILE_FAIL_IMMEDIATELY | (how === 'exclusive' ? LOCKFILE_EXCLUSIVE_LOCK : 0);
      return (
        lockFile(handle, flags, 0, 1, 0, { internal: 0, internalHigh: 0, offset: 0, offsetHigh, event: null }) !== 0
      );
    },
    lastError: () => Number(getLastError()),
  };
}
