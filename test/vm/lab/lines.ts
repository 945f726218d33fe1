import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 20;

/** Connects to a socket that QEMU has made, or is about to make. */
export async function connectTo(path: string, timeoutMs: number): Promise<Socket> {
  for (const end = Date.now() + timeoutMs; ; await sleep(RETRY_MS)) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      socket.destroy();
      if (Date.now() > end) throw error;
    }
  }
}

/** Calls back for each line that comes. */
export function eachLine(socket: Socket, heard: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${text}${chunk}`.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) heard(line);
  });
  // What was asked and not answered fails by its deadline.
  socket.on('error', () => {});
}

/** The promise, or an error that says what was waited for. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(timeoutMs, undefined, { signal: timer.signal }).then(() => {
        throw new TimedOut(`${what}: nothing within ${timeoutMs} ms`);
      }),
    ]);
  } finally {
    timer.abort();
  }
}

/** It was not answered in time; it may go on all the same. */
export class TimedOut extends Error {}
