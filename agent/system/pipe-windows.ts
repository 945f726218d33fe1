import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { PIPE_ACCESS, securityOfHandle, setAccessOfHandle } from './access-windows.ts';
import { type Handle, kernel32, OPEN_EXISTING, READ_CONTROL, SHARE_ALL, WRITE_DAC } from './kernel32.ts';
import { parseSecurity, type Security } from './security-descriptor.ts';
import type { System } from './system.ts';
import { isTrusted } from './trust-windows.ts';
import { WINDOWS, windowsError } from './windows-error.ts';

export const isPipe = (endpoint: string): boolean => endpoint.startsWith('\\\\.\\pipe\\');

/** winbase.h: whoever serves the pipe is not to act in our name, not even to learn it. */
const ANONYMOUS = 0x0010_0000;

/** Each of the few instances that wait for a client may just be taken. */
const BUSY_TRIES = 50;
const BUSY_PAUSE_MS = 20;

/**
 * Lets nobody but administrators and LocalSystem open a pipe that this process listens on, and looks whether that is so:
 * what Node makes is open to everybody, to read from. The list belongs to the pipe, and holds for each of its instances.
 *
 * Throws a `UserError` (`control.open-to-others`) when it cannot be seen to be so.
 */
export async function closeToOthers(path: string): Promise<void> {
  const writing = await opened(path, READ_CONTROL | WRITE_DAC);
  try {
    if (writing !== undefined) setAccessOfHandle(`who may use ${path}`, writing, PIPE_ACCESS);
  } finally {
    if (writing !== undefined) kernel32().close(writing);
  }
  const security = await securityOfPipe(path);
  if (security !== undefined && isOursAlone(security)) return;
  throw new UserError(
    'control.open-to-others',
    `others than administrators may use ${path}, so nothing is served there`,
    {
      remedy: 'See what there is about it in the event log; requests would be answered to whoever asks.',
    },
  );
}

/**
 * Throws a `UserError` (`control.foreign`) where the pipe is served by anybody but an administrator or LocalSystem: any
 * program may make a pipe of that name while we have none. Done where there is none.
 */
export async function assertServedByAdministrator({ env }: Pick<System, 'env'>, path: string): Promise<void> {
  const security = await securityOfPipe(path);
  if (security === undefined || isTrusted(security.owner ?? '', env)) return;
  throw new UserError('control.foreign', `${path} is served by ${security.owner ?? 'nobody known'}, not by quiesced`, {
    remedy: 'Find out which program that is (handle.exe of Sysinternals names it), end it, then start the service.',
  });
}

/** Whether all that the list lets anybody do is done by administrators and LocalSystem. A pure function. */
export const isOursAlone = ({ entries }: Security): boolean =>
  entries !== undefined &&
  entries.length > 0 &&
  entries.every(({ kind, who }) => kind === 'allow' && ['S-1-5-18', 'S-1-5-32-544'].includes(who));

async function securityOfPipe(path: string): Promise<Security | undefined> {
  const handle = await opened(path, READ_CONTROL);
  if (handle === undefined) return undefined;
  try {
    return parseSecurity(securityOfHandle(`who may use ${path}`, handle));
  } finally {
    kernel32().close(handle);
  }
}

/** Undefined where there is no such pipe. */
async function opened(path: string, access: number): Promise<Handle | undefined> {
  for (let tries = 1; ; tries += 1) {
    const handle = kernel32().open(path, access, SHARE_ALL, OPEN_EXISTING, ANONYMOUS);
    if (typeof handle !== 'number') return handle;
    if (handle === WINDOWS.fileNotFound) return undefined;
    if (handle !== WINDOWS.pipeBusy || tries === BUSY_TRIES) throw windowsError(`${path} cannot be opened`, handle);
    await sleep(BUSY_PAUSE_MS);
  }
}
