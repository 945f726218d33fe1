import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { loadNative } from './native.ts';
import type { System } from './system.ts';

/** O_CLOEXEC of asm-generic/fcntl.h, the same on x86-64 and arm64. */
const O_CLOEXEC = 0o2000000;

export interface WireOptions {
  readonly input: 'none' | 'lines';
  /** `merged`: both outputs in one, in the order in which they were written. */
  readonly outputs: 'merged' | 'apart';
}

/** The input and the outputs of a program about to be started. */
export interface Wires {
  /** For `spawn`. */
  readonly stdio: readonly ('ignore' | 'pipe' | number)[];
  /** Our ends. To be called exactly once after `spawn`, also when that failed: it gives the program's ends away. */
  connect(child: ChildProcess | undefined): Connected;
}

export interface Connected {
  readonly input: Socket | undefined;
  readonly stdout: Socket | undefined;
  /** Undefined when it is merged into the other. */
  readonly stderr: Socket | undefined;
}

/**
 * Wires made of real pipes. What Node calls a pipe is a socket (uv_spawn), which a script cannot open by name:
 * `echo … >/dev/stderr` fails there with "No such device or address" (open(2), ENXIO). Node's own are taken where
 * there are no others to be had, and on Windows.
 */
export async function openWires(system: System, options: WireOptions): Promise<Wires> {
  const pipe = system.platform === 'linux' ? await loadPipe() : () => undefined;
  const input = options.input === 'lines' ? pipe() : undefined;
  const stdout = pipe();
  const stderr = options.outputs === 'apart' ? pipe() : stdout;
  return {
    stdio: [
      options.input === 'none' ? 'ignore' : (input?.readFd ?? 'pipe'),
      stdout?.writeFd ?? 'pipe',
      stderr?.writeFd ?? 'pipe',
    ],
    connect(child) {
      const theirs = [input?.readFd, stdout?.writeFd, stderr === stdout ? undefined : stderr?.writeFd];
      for (const fd of theirs) if (fd !== undefined) closeSync(fd);
      return {
        input:
          input === undefined
            ? asSocket(child?.stdin)
            : new Socket({ fd: input.writeFd, readable: false, writable: true }),
        stdout: readEnd(stdout) ?? asSocket(child?.stdout),
        stderr: stderr === stdout && stdout !== undefined ? undefined : (readEnd(stderr) ?? asSocket(child?.stderr)),
      };
    },
  };
}

/** The two ends of a pipe(7), not inherited by anybody who is not given them on purpose. */
interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

async function loadPipe(): Promise<() => Pipe | undefined> {
  try {
    const { library } = await loadNative();
    const pipe2 = library.func('int pipe2(_Out_ int *fds, int flags)');
    return () => {
      const fds = [-1, -1];
      return pipe2(fds, O_CLOEXEC) === 0 ? { readFd: fds[0] as number, writeFd: fds[1] as number } : undefined;
    };
  } catch {
    // A libc without it, or koffi has no build for this processor: most scripts do not notice.
    return () => undefined;
  }
}

const readEnd = (pipe: Pipe | undefined): Socket | undefined =>
  pipe && new Socket({ fd: pipe.readFd, readable: true, writable: false });

/** Node documents streams here; what it makes are sockets, which can be told not to keep the process alive. */
const asSocket = (stream: unknown): Socket | undefined => (stream instanceof Socket ? stream : undefined);
