import { type ChildProcess, spawn } from 'node:child_process';
import { UserError } from '../errors.ts';
import type { System } from '../system/system.ts';
import type { FreezeResult, ThawReport } from './freezer.ts';
import { type FromGuard, type GuardOrder, lineReader, type ToGuard } from './guard-protocol.ts';

/** The daemon's end of the pipes to the guard. */
export interface GuardConnection {
  /** Settles when the guard holds everything open; throws its refusal. */
  open(order: GuardOrder, deadlineMs: number, signal: AbortSignal): Promise<void>;
  /** Settles with the guard's answer; throws when it dies first. */
  freeze(): Promise<FreezeResult>;
  /** The report, or undefined when the guard is dead or has not answered when the limit is aborted. */
  thaw(limit: AbortSignal): Promise<ThawReport | undefined>;
  /** @param listener gets the moment from which the deadline counts, just before the first FIFREEZE. */
  onArmed(listener: (atMs: number) => void): void;
  onLost(listener: (reason: string) => void): void;
  onDeath(listener: () => void): void;
  /** Lets it go without recovering in our place, as soon as nothing is frozen. */
  bye(): void;
  kill(): void;
  /** Whether no thread of it is left, not even one that hangs in the kernel. */
  isGone(): boolean;
}

/** Node starts no thread of the pool later: room for a hung FIFREEZE and a FITHAW behind it on every file system. */
const threadsFor = (fileSystems: number): number => Math.min(1024, 2 * fileSystems + 4);

export function startGuard(
  argv: readonly string[],
  env: System['env'],
  fileSystems: number,
  lockFd: number | undefined,
): GuardConnection {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    // A session of its own: Ctrl-C at a terminal goes to the whole group of the foreground process.
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore', lockFd ?? 'ignore'],
    env: { ...env, UV_THREADPOOL_SIZE: String(threadsFor(fileSystems)) },
  });
  return connect(child);
}

type Answers = { [Event in FromGuard as Event['event']]?: Event };

function connect(child: ChildProcess): GuardConnection {
  const answers: Answers = {};
  const waiting = new Set<() => void>();
  const listeners = { armed: (_: number) => {}, lost: (_: string) => {}, death: () => {} };
  let dead = false;
  let parted = false;

  const wake = () => {
    for (const each of waiting) each();
  };
  const receive = (message: FromGuard) => {
    Object.assign(answers, { [message.event]: message });
    if (message.event === 'armed') listeners.armed(message.atMs);
    if (message.event === 'lost') listeners.lost(message.reason);
    wake();
  };
  const died = () => {
    if (dead) return;
    dead = true;
    if (!parted) listeners.death();
    wake();
  };
  child.on('error', died);
  child.on('exit', died);
  child.stdin?.on('error', () => undefined);
  child.stdout?.setEncoding('utf8').on(
    'data',
    lineReader<FromGuard>(receive, () => undefined),
  );

  const tell = (message: ToGuard) => {
    if (!dead) child.stdin?.write(`${JSON.stringify(message)}\n`);
  };
  /** Waits until `ready` gives something, the guard dies, or the signal is aborted. */
  const until = <T>(ready: () => T | undefined, signal?: AbortSignal): Promise<T | undefined> => {
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const look = () => {
      const value = ready();
      if (value !== undefined || dead || signal?.aborted) resolve(value);
    };
    waiting.add(look);
    signal?.addEventListener('abort', look);
    look();
    return promise.finally(() => {
      waiting.delete(look);
      signal?.removeEventListener('abort', look);
    });
  };

  return {
    async open(order, deadlineMs, signal) {
      tell({ do: 'open', order });
      const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
      const answer = await until(() => answers.opened ?? answers.refused, limit);
      if (answer?.event === 'opened') return;
      parted = true;
      child.kill('SIGKILL');
      if (answer !== undefined) throw refusal(answer);
      signal.throwIfAborted();
      throw new Error(dead ? 'the guard ended before anything was frozen' : `no guard within ${deadlineMs} ms`);
    },
    async freeze() {
      tell({ do: 'freeze' });
      const answer = await until(() => answers.froze ?? answers.refused);
      if (answer?.event === 'froze') return { fileSystems: answer.fileSystems, steps: answer.steps };
      throw answer === undefined ? new Error('the guard died while freezing') : refusal(answer);
    },
    async thaw(limit) {
      tell({ do: 'thaw' });
      return (await until(() => answers.thawed, limit))?.report;
    },
    onArmed: (listener) => {
      listeners.armed = listener;
    },
    onLost: (listener) => {
      listeners.lost = listener;
    },
    onDeath: (listener) => {
      listeners.death = listener;
    },
    bye: () => {
      parted = true;
      tell({ do: 'bye' });
      // Not to wait for it: a file system that the kernel does not let go may keep it for ever.
      child.stdin?.end();
      child.stdout?.destroy();
      child.unref();
    },
    kill: () => {
      child.kill('SIGKILL');
    },
    isGone: () => dead,
  };
}

const refusal = ({ code, message, remedy }: Extract<FromGuard, { event: 'refused' }>): Error =>
  new UserError(code ?? 'freeze.failed', message, remedy === undefined ? {} : { remedy });
