import { openLibrary } from './native.ts';
import { placeOf, type Registry, type RegistryValue } from './registry.ts';
import { windowsError } from './windows-error.ts';
import { readWinHttp, WINHTTP_PATH, writeWinHttp } from './winhttp-windows.ts';

/** Predefined keys of winreg.h, sign-extended as a 64-bit HKEY is. */
const ROOTS: Readonly<Record<string, number>> = { HKCU: 0x80000001 | 0, HKLM: 0x80000002 | 0, HKU: 0x80000003 | 0 };
const TYPES = { sz: 1, binary: 3, dword: 4, 'multi-sz': 7 } as const;
const REG_EXPAND_SZ = 2;
const RRF_ANY = 0xffff;
const FILE_NOT_FOUND = 2;
const PATH_NOT_FOUND = 3;
const NO_MORE_ITEMS = 259;
const KEY_READ = 0x20019;
/** Of the name of a key or a value, its end included: "Registry element size limits" of Microsoft's manual. */
const MOST_CHARACTERS = 16_384;
/** Nothing that we read is longer; RegGetValueW says so (ERROR_MORE_DATA) when one is. */
const MOST_BYTES = 65_536;

/** advapi32 rather than reg.exe: its answers are numbers, where those of reg.exe are texts in the user's language. */
export function windowsRegistry(): Registry {
  let loaded: ReturnType<typeof bind> | undefined;
  const api = () => {
    loaded ??= bind();
    return loaded;
  };
  return {
    async read(path) {
      if (path === WINHTTP_PATH) return readWinHttp();
      const { root, key, name } = partsOf(path);
      const [type, size, data] = [[0], [MOST_BYTES], Buffer.alloc(MOST_BYTES)];
      const code = api().get(root, key, name, RRF_ANY, type, data, size);
      if (code === FILE_NOT_FOUND || code === PATH_NOT_FOUND) return undefined;
      if (code !== 0) throw failed('read', path, code);
      return valueFrom(path, type[0] ?? 0, data.subarray(0, size[0]));
    },
    async write(path, value) {
      if (path === WINHTTP_PATH) return writeWinHttp(value);
      const { root, key, name } = partsOf(path);
      const data = bytesOf(value);
      const code = api().set(root, key, name, TYPES[value.type], data, data.length);
      if (code !== 0) throw failed('written', path, code);
    },
    async remove(path) {
      if (path === WINHTTP_PATH) return writeWinHttp(undefined);
      const { root, key, name } = partsOf(path);
      const code = api().delete(root, key, name);
      if (code !== 0 && code !== FILE_NOT_FOUND && code !== PATH_NOT_FOUND) throw failed('removed', path, code);
    },
    keys: async (key) => enumerate(api(), 'enumerateKeys', key),
    names: async (key) => enumerate(api(), 'enumerateValues', key),
  };
}

type Api = ReturnType<typeof bind>;

function enumerate(api: Api, what: 'enumerateKeys' | 'enumerateValues', path: string): readonly string[] {
  const { root, key } = partsOf(`${path}\\`);
  const handle: [number | bigint] = [0];
  const opened = api.open(root, key, 0, KEY_READ, handle);
  if (opened === FILE_NOT_FOUND || opened === PATH_NOT_FOUND) return [];
  if (opened !== 0) throw failed('opened', path, opened);
  try {
    const names: string[] = [];
    const buffer = Buffer.alloc(MOST_CHARACTERS * 2);
    for (;;) {
      const size = [MOST_CHARACTERS];
      const code = api[what](handle[0], names.length, buffer, size, null, null, null, null);
      if (code === NO_MORE_ITEMS) return names;
      if (code !== 0) throw failed('listed', path, code);
      names.push(buffer.toString('utf16le', 0, (size[0] ?? 0) * 2));
    }
  } finally {
    api.close(handle[0]);
  }
}

function bind() {
  const { library } = openLibrary('advapi32.dll');
  return {
    get: library.func(
      'long RegGetValueW(int64 root, str16 key, str16 name, uint flags, _Out_ uint *type, void *data, _Inout_ uint *size)',
    ),
    set: library.func('long RegSetKeyValueW(int64 root, str16 key, str16 name, uint type, void *data, uint size)'),
    delete: library.func('long RegDeleteKeyValueW(int64 root, str16 key, str16 name)'),
    open: library.func('long RegOpenKeyExW(int64 root, str16 key, uint options, uint access, _Out_ int64 *handle)'),
    close: library.func('long RegCloseKey(int64 handle)'),
    enumerateKeys: library.func(
      'long RegEnumKeyExW(int64 key, uint index, void *name, _Inout_ uint *size, void *reserved, void *class, void *classSize, void *written)',
    ),
    enumerateValues: library.func(
      'long RegEnumValueW(int64 key, uint index, void *name, _Inout_ uint *size, void *reserved, void *type, void *data, void *dataSize)',
    ),
  };
}

function partsOf(path: string): { root: number; key: string; name: string } {
  const { key, name } = placeOf(path);
  const first = key.indexOf('\\');
  const root = ROOTS[key.slice(0, Math.max(first, 0))];
  if (root === undefined) throw new Error(`${path} names no value of the registry`);
  return { root, key: key.slice(first + 1), name };
}

function valueFrom(path: string, type: number, data: Buffer): RegistryValue {
  switch (type) {
    case TYPES.dword:
      return { type: 'dword', data: data.readUInt32LE(0) };
    case TYPES.binary:
      return { type: 'binary', data: data.toString('hex') };
    case TYPES.sz:
    case REG_EXPAND_SZ:
      return { type: 'sz', data: data.toString('utf16le').replace(/\0+$/, '') };
    case TYPES['multi-sz']:
      return {
        type: 'multi-sz',
        data: data
          .toString('utf16le')
          .split('\0')
          .filter((text) => text !== ''),
      };
    default:
      throw new Error(`${path} is of a type (${type}) that is not known here`);
  }
}

function bytesOf({ type, data }: RegistryValue): Buffer {
  if (type === 'sz') return Buffer.from(`${data}\0`, 'utf16le');
  if (type === 'multi-sz') return Buffer.from(`${data.map((text) => `${text}\0`).join('')}\0`, 'utf16le');
  if (type === 'binary') return Buffer.from(data, 'hex');
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(data);
  return bytes;
}

const failed = (what: string, path: string, code: number): Error => windowsError(`${path} cannot be ${what}`, code);
