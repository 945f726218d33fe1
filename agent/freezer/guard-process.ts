import { spawn } from 'node:child_process';
import { loadLibc } from '../system/native.ts';
import { sparedByOomKiller } from '../system/oom.ts';
import type { System } from '../system/system.ts';
import { Guard } from './guard.ts';
import { lineReader, type ToGuard } from './guard-protocol.ts';

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
  const guard = new Guard({
    libc: await loadLibc(),
    clock: system.clock,
    send: (message) => process.stdout.write(`${JSON.stringify(message)}\n`),
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
