import { openLibrary } from './native.ts';
import { type ServiceState, type ServiceStates, START_TYPES, STATES } from './service-states.ts';

const SC_MANAGER_CONNECT = 0x1;
const SERVICE_QUERY_CONFIG = 0x1;
const SERVICE_QUERY_STATUS = 0x4;
const SC_STATUS_PROCESS_INFO = 0;
/** SERVICE_STATUS_PROCESS: nine DWORDs, the state in the second. */
const STATUS_BYTES = 36;
/** What QueryServiceConfigW gives at most, by its manual. */
const MOST_CONFIG_BYTES = 8192;
const ERROR_SERVICE_DOES_NOT_EXIST = 1060;
const ERROR_INVALID_NAME = 123;

/** advapi32 rather than sc.exe: its answers are numbers, and Wine's sc.exe has no `qc`. */
export function windowsServiceStates(): ServiceStates {
  let loaded: ReturnType<typeof bind> | undefined;
  return {
    async read(name) {
      loaded ??= bind();
      const api = loaded;
      return api.withHandle(
        api.openManager(null, null, SC_MANAGER_CONNECT),
        'the service control manager',
        (manager) => {
          const service = api.openService(manager, name, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG);
          if (isNone(service)) {
            const code = api.lastError();
            if (code === ERROR_SERVICE_DOES_NOT_EXIST || code === ERROR_INVALID_NAME) return undefined;
            throw failed(`the service ${name}`, code);
          }
          return api.withHandle(service, `the service ${name}`, (handle) => stateOf(api, handle, name));
        },
      );
    },
  };
}

/** An SC_HANDLE is a pointer, which koffi gives as a number where it fits. */
type Handle = number | bigint;
type Api = ReturnType<typeof bind>;

const isNone = (handle: Handle): boolean => Number(handle) === 0;

function stateOf(api: Api, service: Handle, name: string): ServiceState {
  const status = Buffer.alloc(STATUS_BYTES);
  if (!api.queryStatus(service, SC_STATUS_PROCESS_INFO, status, STATUS_BYTES, [0])) {
    throw failed(`the state of the service ${name}`, api.lastError());
  }
  const config = Buffer.alloc(MOST_CONFIG_BYTES);
  if (!api.queryConfig(service, config, MOST_CONFIG_BYTES, [0])) {
    throw failed(`the configuration of the service ${name}`, api.lastError());
  }
  const [state, { start, program, account }] = [status.readUInt32LE(4), api.decodeConfig(config)];
  return {
    state: STATES[state - 1] ?? `unknown ${state}`,
    start: START_TYPES[start] ?? `unknown ${start}`,
    account: account ?? '',
    program: program ?? '',
  };
}

function bind() {
  const { koffi, library } = openLibrary('advapi32.dll');
  const kernel = openLibrary('kernel32.dll');
  // QUERY_SERVICE_CONFIGW; its texts lie behind it in the same buffer.
  const configType = koffi.struct({
    type: 'uint32',
    start: 'uint32',
    errorControl: 'uint32',
    program: 'str16',
    group: 'str16',
    tag: 'uint32',
    dependencies: 'void *',
    account: 'str16',
    shownName: 'str16',
  });
  const close = library.func('int CloseServiceHandle(int64 handle)');
  const lastError: () => number = kernel.library.func('uint GetLastError()');
  return {
    lastError,
    openManager: library.func('int64 OpenSCManagerW(str16 machine, str16 database, uint access)'),
    openService: library.func('int64 OpenServiceW(int64 manager, str16 name, uint access)'),
    queryStatus: library.func(
      'int QueryServiceStatusEx(int64 service, int level, void *data, uint size, _Out_ uint *needed)',
    ),
    queryConfig: library.func('int QueryServiceConfigW(int64 service, void *data, uint size, _Out_ uint *needed)'),
    decodeConfig: (bytes: Buffer): { start: number; program: string | null; account: string | null } =>
      koffi.decode(bytes, configType),
    /** Closes it whatever happens. */
    withHandle<T>(handle: Handle, what: string, use: (handle: Handle) => T): T {
      if (isNone(handle)) throw failed(what, lastError());
      try {
        return use(handle);
      } finally {
        close(handle);
      }
    },
  };
}

/** The number is in winerror.h; its text would be in the user's language. */
const failed = (what: string, code: number): Error => new Error(`${what} cannot be asked: error ${code} of Windows`);
