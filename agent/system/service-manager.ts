import { UserError } from '../errors.ts';
import { openDatagram } from './datagram.ts';
import type { System } from './system.ts';

/**
 * What we say to systemd, and what it gave us: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3). Nothing happens
 * where it did not start us. Nothing here throws or blocks once it is open.
 */
export interface ServiceManager {
  /** Whether somebody listens to what is said here. */
  readonly present: boolean;
  /** The socket it listens on for us: requests are served there, and the process leaves when there are none. */
  readonly listenFd: number | undefined;
  /** Started: what `Type=notify` waits for. */
  ready(status: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** About to end. The watchdog is still fed until `close`. */
  stopping(status: string): void;
  /** The last call, safe more than once: the watchdog is not fed any more. */
  close(): void;
}

/** What systemd sets for the process that it starts, and for nobody whom that one starts. */
const VARIABLES = [
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
] as const;

/** SD_LISTEN_FDS_START */
const FIRST_FD = 3;

/** Reads the environment and begins to feed the watchdog, twice as often as it asks. */
export async function openServiceManager({ env }: Pick<System, 'env'>): Promise<ServiceManager> {
  const listenFd = listenFdOf(env);
  if (!env.NOTIFY_SOCKET) return { ...NOBODY, listenFd };
  const socket = await openDatagram(env.NOTIFY_SOCKET);
  let open = true;
  const say = (...lines: readonly string[]) => {
    if (open) socket.send(Buffer.from(lines.map(oneLine).join('\n')));
  };
  const everyMs = watchdogMs(env);
  // Keeps the process alive as well: whoever feeds a watchdog has not ended.
  const feeding = everyMs === undefined ? undefined : setInterval(() => say('WATCHDOG=1'), everyMs);
  return {
    present: true,
    listenFd,
    ready: (status) => say('READY=1', `STATUS=${status}`),
    status: (text) => say(`STATUS=${text}`),
    stopping: (status) => say('STOPPING=1', `STATUS=${status}`),
    close() {
      clearInterval(feeding);
      if (open) socket.close();
      open = false;
    },
  };
}

/** For a child that lives as long as we do: it must not speak for us, nor take our socket for its own. */
export const withoutServiceManager = (env: System['env']): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !(VARIABLES as readonly string[]).includes(name)));

const nothing = (): void => undefined;
const NOBODY: Omit<ServiceManager, 'listenFd'> = {
  present: false,
  ready: nothing,
  status: nothing,
  stopping: nothing,
  close: nothing,
};

/** A line break would begin another assignment. */
const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ');

/** Half of what is asked, as sd_watchdog_enabled(3) recommends; undefined when it is not asked of this process. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: System['env']): number | undefined {
  const microseconds = Number(WATCHDOG_USEC);
  if (!(microseconds > 0) || !isForUs(WATCHDOG_PID ?? String(process.pid))) return undefined;
  return Math.max(1, Math.floor(microseconds / 2000));
}

function listenFdOf({ LISTEN_FDS, LISTEN_PID }: System['env']): number | undefined {
  if (LISTEN_PID === undefined || !isForUs(LISTEN_PID) || LISTEN_FDS === undefined) return undefined;
  if (LISTEN_FDS === '1') return FIRST_FD;
  throw new UserError('service.sockets', `systemd passed ${LISTEN_FDS} sockets, and one is served`, {
    remedy: 'quiesced.socket must have one ListenStream= and no more: systemctl cat quiesced.socket',
  });
}

const isForUs = (pid: string): boolean => pid === String(process.pid);
