import { type Handle, kernel32 } from './kernel32.ts';
import { openLibrary } from './native.ts';
import { WINDOWS, windowsError } from './windows-error.ts';

/** Owner and list of access: winnt.h. */
const OWNER_AND_DACL = 1 | 4;
const DACL = 4;
const SDDL_REVISION = 1;
/** ACLs are 64 KiB at most; ours and those of system folders are a hundredth of that. */
const MOST_BYTES = 128 * 1024;

/**
 * For whom a folder of ours is, in Microsoft's "Security Descriptor String Format": administrators own it; they and
 * LocalSystem may do everything, and nothing is inherited from above. `%ProgramData%` lets every user make files in
 * whatever is made there.
 */
const OURS_ALONE = 'O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)';
const OTHERS_READ = '(A;OICI;FRFX;;;BU)';

/** Of a pipe: no more than these two, who may do everything. */
export const PIPE_ACCESS = 'D:P(A;;FA;;;SY)(A;;FA;;;BA)';

/** By the bits for others of a mode, as Linux has them. */
export const pathAccess = (mode: number): string => ((mode & 0o004) === 0 ? OURS_ALONE : `${OURS_ALONE}${OTHERS_READ}`);

let bound: ReturnType<typeof bind> | undefined;
function api() {
  bound ??= bind();
  return bound;
}

/** The self-relative descriptor of a file or folder; undefined where there is none. */
export function securityOfPath(path: string): Buffer | undefined {
  return read(`who may change ${path}`, (buffer, needed) =>
    api().getFile(path, OWNER_AND_DACL, buffer, buffer.length, needed),
  );
}

/** The same of what is open. */
export function securityOfHandle(what: string, { handle }: Handle): Buffer {
  const found = read(what, (buffer, needed) => api().getObject(handle, OWNER_AND_DACL, buffer, buffer.length, needed));
  if (found === undefined) throw windowsError(what, WINDOWS.fileNotFound);
  return found;
}

/** Gives what is open, for WRITE_DAC, the list of this text. */
export function setAccessOfHandle(what: string, { handle }: Handle, sddl: string): void {
  withDescriptor(sddl, (descriptor) => {
    if (api().setObject(handle, DACL, descriptor) === 0) throw windowsError(what, kernel32().lastError());
  });
}

/** Makes a folder that is so from its first moment on. Whether it was made: false where something stands there. */
export function makeFolder(path: string, sddl: string): boolean {
  return withDescriptor(sddl, (descriptor) => {
    const attributes = { length: api().attributesBytes, descriptor, inherit: 0 };
    if (api().createDirectory(path, attributes) !== 0) return true;
    const code = kernel32().lastError();
    if (code === WINDOWS.alreadyExists) return false;
    throw windowsError(`the folder ${path} cannot be made`, code);
  });
}

/** Gives a file or folder that is there owner and list of this text. */
export function setAccessOfPath(path: string, sddl: string): void {
  withDescriptor(sddl, (descriptor) => {
    if (api().setFile(path, OWNER_AND_DACL, descriptor) !== 0) return;
    const code = kernel32().lastError();
    throw windowsError(`who may use ${path} cannot be set`, code);
  });
}

function read(what: string, get: (buffer: Buffer, needed: number[]) => number): Buffer | undefined {
  const buffer = Buffer.alloc(MOST_BYTES);
  const needed = [0];
  if (get(buffer, needed) !== 0) return buffer.subarray(0, needed[0]);
  const code = kernel32().lastError();
  if (code === WINDOWS.fileNotFound || code === WINDOWS.pathNotFound) return undefined;
  throw windowsError(`${what} cannot be read`, code);
}

function withDescriptor<T>(sddl: string, work: (descriptor: unknown) => T): T {
  const made: [unknown] = [null];
  if (api().fromText(sddl, SDDL_REVISION, made, null) === 0) throw windowsError(sddl, kernel32().lastError());
  try {
    return work(made[0]);
  } finally {
    api().localFree(made[0]);
  }
}

function bind() {
  const { library, koffi } = openLibrary('advapi32.dll');
  const kernel = openLibrary('kernel32.dll').library;
  const attributes = koffi.struct({ length: 'uint32', descriptor: 'void *', inherit: 'int' });
  return {
    attributesBytes: koffi.sizeof(attributes),
    getFile: library.func(
      'int GetFileSecurityW(str16 path, uint32 what, void *descriptor, uint32 size, _Out_ uint32 *needed)',
    ),
    setFile: library.func('int SetFileSecurityW(str16 path, uint32 what, void *descriptor)'),
    getObject: library.func(
      'int GetKernelObjectSecurity(int64 handle, uint32 what, void *descriptor, uint32 size, _Out_ uint32 *needed)',
    ),
    setObject: library.func('int SetKernelObjectSecurity(int64 handle, uint32 what, void *descriptor)'),
    fromText: library.func(
      'int ConvertStringSecurityDescriptorToSecurityDescriptorW(str16 text, uint32 revision, _Out_ void **made, void *size)',
    ),
    createDirectory: kernel.func('CreateDirectoryW', 'int', ['str16', koffi.pointer(attributes)]),
    localFree: kernel.func('void *LocalFree(void *memory)'),
  };
}
