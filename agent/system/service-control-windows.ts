import { UserError } from '../errors.ts';
import { openLibrary } from './native.ts';
import type { ServiceManager } from './service-manager.ts';
import { orUndefinedAfter } from './waits.ts';

/** The process as a service of Windows. */
export interface WindowsService {
  /** Ready means running; to go on is said again and again until it has stopped. */
  readonly manager: ServiceManager;
  /** Aborted when it is told to stop, or the machine goes down. */
  readonly stop: AbortSignal;
  /** The last call: that it has stopped, and how. Settles when the control manager has let go of the process, or soon. */
  stopped(specificExitCode: number): Promise<void>;
}

/** winsvc.h and winerror.h. */
const STATE = { stopped: 1, startPending: 2, stopPending: 3, running: 4 } as const;
const CONTROL = { stop: 1, interrogate: 4, shutdown: 5, preshutdown: 15 } as const;
const ACCEPTED = 0x1 | 0x4 | 0x100;
const OWN_PROCESS = 0x10;
const SERVICE_SPECIFIC_ERROR = 1066;
const NOT_IMPLEMENTED = 120;

/** What is promised each time, and how often: a drain may take minutes. */
const WAIT_HINT_MS = 30_000;
const STILL_EVERY_MS = 5000;
/** It needs milliseconds; one that does not let go must not keep a process that has nothing left to do. */
const LET_GO_MS = 5000;

/**
 * Tells the service control manager that we are there, which has started us. Throws a `UserError`
 * (`service.not-started-by-windows`) where it has not: it lets us wait 10 s before it says so.
 *
 * The dispatcher waits on a thread of the pool; koffi has what it is told carried to this one.
 */
export async function becomeWindowsService(name: string): Promise<WindowsService> {
  const api = bind();
  const stop = new AbortController();
  const status = { type: OWN_PROCESS, state: 0, accepted: 0, win32: 0, specific: 0, checkpoint: 0, hint: 0 };
  let handle: unknown;
  let still: NodeJS.Timeout | undefined;
  const say = (state: number, specific = 0): void => {
    const pending = state === STATE.startPending || state === STATE.stopPending;
    status.checkpoint = pending && state === status.state ? status.checkpoint + 1 : 0;
    status.state = state;
    status.accepted = state === STATE.running ? ACCEPTED : 0;
    status.hint = pending ? WAIT_HINT_MS : 0;
    status.win32 = specific === 0 ? 0 : SERVICE_SPECIFIC_ERROR;
    status.specific = specific;
    api.setStatus(handle, status);
    clearInterval(still);
    if (pending) still = setInterval(() => say(state), STILL_EVERY_MS).unref();
  };
  const onControl = (control: number): number => {
    if (control === CONTROL.interrogate) return 0;
    if (![CONTROL.stop, CONTROL.shutdown, CONTROL.preshutdown].some((each) => each === control)) return NOT_IMPLEMENTED;
    // Not within the call: the control manager waits for it to return.
    setImmediate(() => stop.abort(new UserError('ended', 'ended by the service control manager')));
    return 0;
  };
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const main = (): void => {
    handle = api.register(name, onControl);
    say(STATE.startPending);
    started.resolve();
  };
  api.dispatch(name, main, (ok) => {
    if (!ok) started.reject(notStarted());
    ended.resolve();
  });
  await started.promise;
  return {
    stop: stop.signal,
    manager: {
      present: true,
      listenFd: undefined,
      ready: () => {
        if (status.state === STATE.startPending) say(STATE.running);
      },
      status: () => undefined,
      stopping: () => say(STATE.stopPending),
      close: () => undefined,
    },
    async stopped(specificExitCode) {
      say(STATE.stopped, specificExitCode);
      await orUndefinedAfter(LET_GO_MS, ended.promise);
    },
  };
}

const notStarted = (): UserError =>
  new UserError('service.not-started-by-windows', 'daemon --service is for the service control manager of Windows', {
    remedy: 'Start the service: quiesced service start. To run it in this terminal: quiesced daemon',
  });

function bind() {
  const { library, koffi } = openLibrary('advapi32.dll');
  const mainType = koffi.proto('void __stdcall QuiescedServiceMain(uint32 argc, void *argv)');
  const handlerType = koffi.proto(
    'uint32 __stdcall QuiescedServiceHandler(uint32 control, uint32 type, void *data, void *context)',
  );
  const entry = koffi.struct({ name: 'str16', main: koffi.pointer(mainType) });
  const statusType = koffi.struct({
    type: 'uint32',
    state: 'uint32',
    accepted: 'uint32',
    win32: 'uint32',
    specific: 'uint32',
    checkpoint: 'uint32',
    hint: 'uint32',
  });
  const registerHandler = library.func('RegisterServiceCtrlHandlerExW', 'void *', [
    'str16',
    koffi.pointer(handlerType),
    'void *',
  ]);
  const setServiceStatus = library.func('SetServiceStatus', 'int', ['void *', koffi.pointer(statusType)]);
  const dispatcher = library.func('StartServiceCtrlDispatcherW', 'int', ['void *']);
  return {
    setStatus: (handle: unknown, status: object): void => void setServiceStatus(handle, status),
    register: (name: string, onControl: (control: number) => number): unknown =>
      registerHandler(name, koffi.register(onControl, koffi.pointer(handlerType)), null),
    dispatch(name: string, main: () => void, onEnd: (ok: boolean) => void): void {
      const table = koffi.alloc(entry, 2);
      koffi.encode(table, koffi.array(entry, 2), [
        { name, main: koffi.register(main, koffi.pointer(mainType)) },
        { name: null, main: null },
      ]);
      dispatcher.async(table, (error: unknown, result: number) => onEnd(!error && result !== 0));
    },
  };
}
