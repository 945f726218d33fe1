import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { type Libc, loadLibc } from '../system/native.ts';
import { sparedByOomKiller } from '../system/oom.ts';
import type { System } from '../system/system.ts';
import { openExpediter } from './expedite.ts';
import { Guard, type GuardMachine } from './guard.ts';
import { lineReader, type ToGuard } from './guard-protocol.ts';
import { openFreezeJournal } from './journal.ts';
import { deviceLookup, openOn } from './open.ts';
import { takeSafeFreezeLock } from './safe-freeze-lock.ts';

/** The descriptor on which the guard inherits the lock of the run, so that it lasts as long as the guard. */
export const LOCK_FD = 3;

/**
 * The guard's process: stdin and stdout are the pipes to the daemon.
 *
 * @param recoverArgv what runs when the daemon died: leaves the other phases, and writes down what happened.
 */
export async function runGuard(system: System, recoverArgv: readonly string[]): Promise<void> {
  // The daemon decides when we go, by word or by its death; a signal meant for its group must not.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGPIPE', 'SIGUSR2'] as const) {
    process.on(signal, () => undefined);
  }
  sparedByOomKiller();
  // A daemon that is gone cannot be told; that is no reason to stop thawing.
  process.stdout.on('error', () => undefined);
  const libc = await loadLibc();
  const guard = new Guard({
    libc,
    clock: system.clock,
    machine: thisMachine(libc),
    send: (message) => process.stdout.write(`${JSON.stringify(message)}\n`),
    parentPid: () => process.ppid,
    recover: () => recover(recoverArgv),
    // Node would wait for a thread that hangs in the kernel.
    leave: () => process.kill(process.pid, 'SIGKILL'),
  });
  process.stdin.setEncoding('utf8');
  process.stdin.on(
    'data',
    lineReader<ToGuard>(
      (message) => guard.receive(message),
      () => guard.disconnected(),
    ),
  );
  process.stdin.on('end', () => guard.disconnected());
  process.stdin.on('error', () => guard.disconnected());
}

function recover([file, ...args]: readonly string[]): void {
  if (file === undefined) return;
  const child = spawn(file, args, { detached: true, stdio: ['ignore', 'ignore', 'ignore', LOCK_FD] });
  child.on('error', () => undefined);
  child.unref();
}

const thisMachine = (libc: Libc): GuardMachine => ({
  lock: (folder) => takeSafeFreezeLock(folder, libc),
  deviceLookup,
  open: openOn,
  openJournal: openFreezeJournal,
  openExpediter,
  harmlessFd: stdinIfHarmless,
});

/**
 * Our own standard input, if that is a socket, as Node makes its pipes to children: sockets have no freeze operation
 * (EOPNOTSUPP, EINVAL). Nothing else is harmless enough: the ioctl takes any descriptor for the file system that it is
 * on, and a named pipe is on a disk.
 */
const stdinIfHarmless = (): number | undefined => (fstatSync(0).isSocket() ? 0 : undefined);
