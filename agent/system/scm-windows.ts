import { UserError } from '../errors.ts';
import { kernel32 } from './kernel32.ts';
import { openLibrary } from './native.ts';
import { STATES } from './service-states.ts';
import { windowsError } from './windows-error.ts';

/** winsvc.h. */
const SC_MANAGER_ALL = 0xf003f;
const SC_MANAGER_CONNECT = 1;
const SERVICE_ALL = 0xf01ff;
const QUERY_STATUS = 4;
const OWN_PROCESS = 0x10;
const AUTO_START = 2;
const ERROR_NORMAL = 1;
const CONTROL_STOP = 1;
const NO_SUCH_SERVICE = 1060;
const NOT_ACTIVE = 1062;
const MARKED_FOR_DELETE = 1072;
const STATUS_BYTES = 36;

/** What a service is installed as. */
export interface ServiceSpec {
  readonly name: string;
  readonly shownName: string;
  readonly description: string;
  /** Each word of the command line that it is started by. */
  readonly argv: readonly string[];
  /** It is waited for so long before the machine goes down. */
  readonly preshutdownMs: number;
  /** It is started again so long after it has died, the first, the second and every further time. */
  readonly restartAfterMs: readonly number[];
}

export interface ServiceStatus {
  readonly state: (typeof STATES)[number] | 'unknown';
  readonly pid: number | undefined;
  /** How it ended last: a number of winerror.h, and one of ours where that is 1066. */
  readonly exitCode: number;
  readonly specificExitCode: number;
}

type Handle = number | bigint;

/** Undefined where there is no such service. */
export function queryService(name: string): ServiceStatus | undefined {
  return withService(name, SC_MANAGER_CONNECT, QUERY_STATUS, statusOf);
}

/** Makes it, or gives the one that is there the same settings. Returns what this Windows does not know of them. */
export function installService(spec: ServiceSpec): readonly string[] {
  const line = spec.argv.map((word) => (/^[\w-]+$/.test(word) ? word : `"${word}"`)).join(' ');
  return withManager(SC_MANAGER_ALL, (manager) => {
    const present = api().openService(manager, spec.name, SERVICE_ALL);
    const args = [OWN_PROCESS, AUTO_START, ERROR_NORMAL, line, null, null, null, null, null] as const;
    const service = present || api().createService(manager, spec.name, spec.shownName, SERVICE_ALL, ...args);
    if (!service) throw refused(`the service ${spec.name} cannot be made`);
    return closing(service, () => {
      if (present && !api().changeConfig(service, ...args, spec.shownName)) {
        throw refused(`the service ${spec.name} cannot be changed`);
      }
      return SETTINGS.filter(({ set }) => !set(service, spec)).map(({ what }) => what);
    });
  });
}

/** Marks it: it goes when nobody has it open any more. Whether there was one. */
export const removeService = (name: string): boolean =>
  withService(name, SC_MANAGER_CONNECT, SERVICE_ALL, (service) => {
    if (!api().deleteService(service) && kernel32().lastError() !== MARKED_FOR_DELETE) {
      throw refused(`the service ${name} cannot be removed`);
    }
    return true;
  }) ?? false;

/** Asks for it, and does not wait. */
export function startService(name: string): void {
  withService(name, SC_MANAGER_CONNECT, SERVICE_ALL, (service) => {
    if (!api().start(service, 0, null)) throw refused(`the service ${name} does not start`);
  });
}

export function stopService(name: string): void {
  withService(name, SC_MANAGER_CONNECT, SERVICE_ALL, (service) => {
    const told = api().control(service, CONTROL_STOP, Buffer.alloc(STATUS_BYTES));
    // It has ended since somebody looked: what was wanted.
    if (!told && kernel32().lastError() !== NOT_ACTIVE) throw refused(`the service ${name} cannot be stopped`);
  });
}

function statusOf(service: Handle): ServiceStatus {
  const bytes = Buffer.alloc(STATUS_BYTES);
  if (!api().queryStatus(service, 0, bytes, bytes.length, [0]))
    throw refused('the state of the service cannot be read');
  const [state, exitCode, specific, pid] = [4, 12, 16, 28].map((at) => bytes.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  return {
    state: STATES[state - 1] ?? 'unknown',
    pid: pid === 0 ? undefined : pid,
    exitCode,
    specificExitCode: specific,
  };
}

/** ChangeServiceConfig2W, by the number of what is set. */
const SETTINGS: readonly { readonly what: string; set(service: Handle, spec: ServiceSpec): boolean }[] = [
  {
    what: 'its description',
    set: (service, { description }) => api().configure.description(service, { description }),
  },
  {
    what: 'that it is started again after it has died',
    set(service, { restartAfterMs }) {
      const actions = restartAfterMs.map((delay) => ({ type: 1, delay }));
      return api().configure.failureActions(service, actions);
    },
  },
  { what: 'that it is so too when it ends with an error', set: (service) => api().configure.number(service, 4, 1) },
  { what: 'that it starts a little after the others', set: (service) => api().configure.number(service, 3, 1) },
  {
    what: 'how long it is waited for when the machine goes down',
    set: (service, { preshutdownMs }) => api().configure.number(service, 7, preshutdownMs),
  },
];

function withService<T>(name: string, manage: number, access: number, work: (service: Handle) => T): T | undefined {
  return withManager(manage, (manager) => {
    const service = api().openService(manager, name, access);
    if (service) return closing(service, () => work(service));
    if (kernel32().lastError() === NO_SUCH_SERVICE) return undefined;
    throw refused(`the service ${name} cannot be opened`);
  });
}

function withManager<T>(access: number, work: (manager: Handle) => T): T {
  const manager = api().openManager(null, null, access);
  if (!manager) throw refused('the service control manager cannot be opened');
  return closing(manager, () => work(manager));
}

function closing<T>(handle: Handle, work: () => T): T {
  try {
    return work();
  } finally {
    api().close(handle);
  }
}

const refused = (what: string): UserError => {
  const cause = windowsError(what, kernel32().lastError());
  return new UserError('service.refused', cause.message, {
    remedy: `What the number means: net helpmsg ${cause.windowsCode}`,
    cause,
  });
};

let bound: ReturnType<typeof bind> | undefined;
function api() {
  bound ??= bind();
  return bound;
}

function bind() {
  const { library, koffi } = openLibrary('advapi32.dll');
  const func = (text: string) => library.func(text);
  const action = koffi.struct({ type: 'int', delay: 'uint32' });
  const failure = koffi.struct({
    resetSeconds: 'uint32',
    reboot: 'str16',
    command: 'str16',
    count: 'uint32',
    actions: koffi.pointer(action),
  });
  const text = koffi.struct({ description: 'str16' });
  const config2 = (info: ReturnType<typeof koffi.struct> | string) =>
    library.func('ChangeServiceConfig2W', 'int', ['int64', 'uint32', koffi.pointer(info)]);
  const [setText, setFailure, setNumber] = [config2(text), config2(failure), config2('uint32')];
  /** After a day without a death the count begins anew. */
  const DAY_SECONDS = 86_400;
  return {
    openManager: func('int64 OpenSCManagerW(str16 machine, str16 database, uint32 access)'),
    openService: func('int64 OpenServiceW(int64 manager, str16 name, uint32 access)'),
    createService: func(
      'int64 CreateServiceW(int64 manager, str16 name, str16 shown, uint32 access, uint32 type, uint32 start, uint32 error, str16 line, str16 group, void *tag, str16 dependencies, str16 account, str16 password)',
    ),
    changeConfig: func(
      'int ChangeServiceConfigW(int64 service, uint32 type, uint32 start, uint32 error, str16 line, str16 group, void *tag, str16 dependencies, str16 account, str16 password, str16 shown)',
    ),
    deleteService: func('int DeleteService(int64 service)'),
    start: func('int StartServiceW(int64 service, uint32 count, void *args)'),
    control: func('int ControlService(int64 service, uint32 control, void *status)'),
    queryStatus: func(
      'int QueryServiceStatusEx(int64 service, int level, void *data, uint32 size, _Out_ uint32 *needed)',
    ),
    close: func('int CloseServiceHandle(int64 handle)'),
    configure: {
      description: (service: Handle, value: object) => setText(service, 1, value) !== 0,
      failureActions: (service: Handle, actions: readonly object[]) =>
        setFailure(service, 2, {
          resetSeconds: DAY_SECONDS,
          reboot: null,
          command: null,
          count: actions.length,
          actions,
        }) !== 0,
      number: (service: Handle, level: number, value: number) => setNumber(service, level, [value]) !== 0,
    },
  };
}
