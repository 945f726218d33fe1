/** What the tests of databases on Windows (Wine) share: places, configuration, the process that holds. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import type { Places } from '../databases/engine.ts';
import type { WineMachine } from './machine.ts';

export const MINUTE = 60_000;
/** Long enough for what is not held back, on a busy machine. */
export const BLOCKED_MS = 1000;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** In which servers of this machine have what is theirs. */
export function placesOf(t: Test): Places {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-wine-db-'));
  chmodSync(folder, 0o755);
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return { data: join(folder, 'data'), log: undefined, run: join(folder, 'run') };
}

/** Its path on this machine. */
export function configure({ disk }: WineMachine, text: string): string {
  const folder = join(disk, 'ProgramData/quiesced');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'quiesced.conf');
  writeFileSync(file, text.replaceAll('\n', '\r\n'), { mode: 0o600 });
  return file;
}

export const asking =
  ({ quiesced }: WineMachine) =>
  (...args: readonly string[]) =>
    JSON.parse(quiesced(...args, '--json').out);

export const hold = ({ quiesced }: WineMachine, time = '150s'): number | null =>
  quiesced('hold', '--no-freeze', '--for', time).code;

/** Ends the process that holds, as a person would by the task manager. */
export const endHolder = (machine: WineMachine): number | null =>
  machine.wine('taskkill.exe', '/F', '/PID', String(asking(machine)('status').atWork.pid)).code;

/** The process that holds, as this machine knows it. */
export function holderHere({ disk }: WineMachine): number {
  const read = (pid: string, name: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'utf8');
    } catch {
      return ''; // It ended while we looked.
    }
  };
  const found = readdirSync('/proc').filter(
    (pid) =>
      /^\d+$/.test(pid) && read(pid, 'cmdline').includes('keep-hold') && read(pid, 'environ').includes(dirname(disk)),
  );
  if (found.length !== 1) throw new Error(`${found.length} processes hold`);
  return Number(found[0]);
}

/** Something that a hold keeps from being done. */
export function attempt(work: Promise<unknown>): { readonly done: Promise<void>; isDone(): boolean } {
  let isDone = false;
  const done = work.then(() => {
    isDone = true;
  });
  return { done, isDone: () => isDone };
}
