import { openLibrary } from './native.ts';

/** A volume on a disk of this machine: none of a network, a CD or a removable disk. */
export interface WindowsVolume {
  /** `\\?\Volume{…}\` */
  readonly name: string;
  /** Where it is mounted, the first of them: `C:\`. Undefined where nowhere. */
  readonly path: string | undefined;
  /** Where else: what lies below that is in this volume, and not in the one around the folder. */
  readonly alsoAt?: readonly string[];
  readonly label: string | undefined;
  /** `NTFS`, `ReFS`, `FAT32`; undefined where none can be read. */
  readonly fileSystem: string | undefined;
  /** BitLocker keeps it closed: its file system cannot be asked for. */
  readonly locked: boolean;
  readonly sizeBytes: number | undefined;
  readonly freeBytes: number | undefined;
  /** To be checked at the next start; undefined where it cannot be asked. */
  readonly dirty: boolean | undefined;
}

/** The part of `System` that tells of volumes; only Windows has it. */
export interface Volumes {
  list(): Promise<readonly WindowsVolume[]>;
}

/** Where those volumes are mounted that the paths lie on, each once; a volume in a folder comes before the one around it. */
export function volumesHolding(
  volumes: readonly Pick<WindowsVolume, 'path' | 'alsoAt'>[],
  paths: readonly string[],
): readonly string[] {
  const mounted = volumes
    .flatMap((volume) => placesOf(volume).map((at) => ({ at, path: volume.path })))
    .sort((a, b) => b.at.length - a.at.length);
  const below = (path: string, at: string) => `${path}\\`.toLowerCase().startsWith(at.toLowerCase());
  return [...new Set(paths.flatMap((path) => mounted.find(({ at }) => below(path, at))?.path ?? []))];
}

/** Each place that it is mounted at. */
export const placesOf = ({ path, alsoAt = [] }: Pick<WindowsVolume, 'path' | 'alsoAt'>): readonly string[] =>
  path === undefined ? [] : [path, ...alsoAt];

const DRIVE_FIXED = 3;
const INVALID_HANDLE = -1;
/** FVE_E_LOCKED_VOLUME of winerror.h. */
const LOCKED = 0x8031_0000;
const GENERIC_READ = 0x8000_0000;
const SHARE_READ_WRITE = 3;
const OPEN_EXISTING = 3;
/** CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 30, METHOD_BUFFERED, FILE_ANY_ACCESS), and the bit that it answers with. */
const FSCTL_IS_VOLUME_DIRTY = 0x0009_0078;
const VOLUME_IS_DIRTY = 1;
const CHARACTERS = 1024;

/** By kernel32, whose answers are numbers. Only local volumes are asked: one of a network may never answer. */
export function windowsVolumes(): Volumes {
  let loaded: ReturnType<typeof bind> | undefined;
  return {
    async list() {
      loaded ??= bind();
      const api = loaded;
      return volumeNames(api)
        .map((name) => ({ name, places: mountedAt(api, name) }))
        .filter(({ name, places: [path] }) => api.driveType(path ?? name) === DRIVE_FIXED)
        .map(({ name, places }) => volumeOf(api, name, places));
    },
  };
}

type Api = ReturnType<typeof bind>;

function volumeNames(api: Api): readonly string[] {
  const buffer = Buffer.alloc(CHARACTERS * 2);
  const search = api.findFirst(buffer, CHARACTERS);
  if (Number(search) === INVALID_HANDLE)
    throw new Error(`volumes cannot be listed: error ${api.lastError()} of Windows`);
  const names: string[] = [];
  do names.push(textOf(buffer));
  while (api.findNext(search, buffer, CHARACTERS) !== 0);
  api.findClose(search);
  return names;
}

/** Its letter and folders, one NUL behind each; they may be more than fits at first. */
function mountedAt(api: Api, name: string): readonly string[] {
  const needed = [CHARACTERS];
  for (let tries = 0; tries < 2; tries += 1) {
    const characters = Math.max(CHARACTERS, needed[0] ?? 0);
    const paths = Buffer.alloc(characters * 2);
    if (api.paths(name, paths, characters, needed) === 0) continue;
    return paths.toString('utf16le').split('\0\0', 1)[0]?.split('\0').filter(Boolean) ?? [];
  }
  return [];
}

function volumeOf(api: Api, name: string, [path, ...alsoAt]: readonly string[]): WindowsVolume {
  const [label, fileSystem] = [Buffer.alloc(CHARACTERS * 2), Buffer.alloc(CHARACTERS * 2)];
  const known = api.information(name, label, CHARACTERS, null, null, null, fileSystem, CHARACTERS) !== 0;
  const code = known ? 0 : api.lastError();
  const [total, free]: [(number | bigint)[], (number | bigint)[]] = [[0], [0]];
  const measured = known && api.space(name, null, total, free) !== 0;
  return {
    name,
    path,
    alsoAt,
    label: known ? textOf(label) : undefined,
    fileSystem: known ? textOf(fileSystem) : undefined,
    locked: code === LOCKED,
    sizeBytes: measured ? Number(total[0]) : undefined,
    freeBytes: measured ? Number(free[0]) : undefined,
    dirty: known ? isDirty(api, name) : undefined,
  };
}

function isDirty(api: Api, name: string): boolean | undefined {
  // Without the last backslash it is the volume, with it the root folder.
  const handle = api.open(name.slice(0, -1), GENERIC_READ, SHARE_READ_WRITE, null, OPEN_EXISTING, 0, 0);
  if (Number(handle) === INVALID_HANDLE) return undefined;
  const flags = Buffer.alloc(4);
  const asked = api.control(handle, FSCTL_IS_VOLUME_DIRTY, null, 0, flags, flags.length, [0], null) !== 0;
  api.close(handle);
  return asked ? (flags.readUInt32LE() & VOLUME_IS_DIRTY) !== 0 : undefined;
}

/** Up to its first NUL. */
const textOf = (buffer: Buffer): string => buffer.toString('utf16le').split('\0', 1)[0] ?? '';

function bind() {
  const { library } = openLibrary('kernel32.dll');
  const func = (declaration: string) => library.func(declaration);
  return {
    lastError: func('uint GetLastError()'),
    findFirst: func('int64 FindFirstVolumeW(void *name, uint characters)'),
    findNext: func('int FindNextVolumeW(int64 search, void *name, uint characters)'),
    findClose: func('int FindVolumeClose(int64 search)'),
    driveType: func('uint GetDriveTypeW(str16 name)'),
    information: func(
      'int GetVolumeInformationW(str16 name, void *label, uint labelCharacters, void *serial, void *longest, void *flags, void *type, uint typeCharacters)',
    ),
    space: func('int GetDiskFreeSpaceExW(str16 name, void *toCaller, _Out_ uint64 *total, _Out_ uint64 *free)'),
    paths: func('int GetVolumePathNamesForVolumeNameW(str16 name, void *paths, uint characters, _Out_ uint *needed)'),
    open: func(
      'int64 CreateFileW(str16 name, uint access, uint share, void *security, uint disposition, uint flags, int64 template)',
    ),
    control: func(
      'int DeviceIoControl(int64 handle, uint code, void *in, uint inBytes, void *out, uint outBytes, _Out_ uint *returned, void *overlapped)',
    ),
    close: func('int CloseHandle(int64 handle)'),
  };
}
