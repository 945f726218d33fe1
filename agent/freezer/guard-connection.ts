import { type ChildProcess, spawn } from 'node:child_process';
import { UserError } from '../errors.ts';
import { withoutServiceManager } from '../system/service-manager.ts';
import type { System } from '../system/system.ts';
import { orUndefinedAfter } from '../system/waits.ts';
import type { FreezeResult, ThawReport } from './freezer.ts';
import { type FromGuard, type GuardOrder, lineReader, type ToGuard } from './guard-protocol.ts';

/** The daemon's end of the pipes to the guard. */
export interface GuardConnection {
  /** Settles when the guard holds everything open; throws its refusal, after which it watches over this process still. */
  open(order: GuardOrder, deadlineMs: number, signal: AbortSignal): Promise<void>;
  /** Settles with the guard's answer; throws when it dies first. */
  freeze(): Promise<Omit<FreezeResult, 'warnings'>>;
  /** The report, or undefined when the guard is dead or has not answered when the limit is aborted. */
  thaw(limit: AbortSignal): Promise<ThawReport | undefined>;
  /** @param listener gets the moment from which the deadline counts, just before the first FIFREEZE. */
  onArmed(listener: (atMs: number) => void): void;
  onLost(listener: (reason: string) => void): void;
  onDeath(listener: () => void): void;
  /** Lets it go without recovering in our place, as soon as nothing is frozen. */
  bye(): void;
  /** Settles when its process is gone, or at the limit. */
  gone(limitMs: number): Promise<void>;
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
    env: { ...withoutServiceManager(env), UV_THREADPOOL_SIZE: String(threadsFor(fileSystems)) },
  });
  return new PipedGuard(child);
}

type Answers = { [Event in FromGuard as Event['event']]?: Event };

class PipedGuard implements GuardConnection {
  readonly #child: ChildProcess;
  readonly #answers: Answers = {};
  readonly #waiting = new Set<() => void>();
  #dead = false;
  #parted = false;
  #armed: (atMs: number) => void = () => undefined;
  #lost: (reason: string) => void = () => undefined;
  #death: () => void = () => undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    // One that could not be started has no number; that it failed is told only later.
    this.#dead = child.pid === undefined;
    child.on('error', () => this.#died());
    child.on('exit', () => this.#died());
    child.stdin?.on('error', () => undefined);
    // One that cannot be heard any more is of no use, and does harm when it takes our silence for our death.
    child.stdout?.on('close', () => {
      if (!this.#parted) this.kill();
    });
    const lines = lineReader<FromGuard>(
      (message) => this.#receive(message),
      () => undefined,
    );
    child.stdout?.setEncoding('utf8').on('data', lines);
  }

  async open(order: GuardOrder, deadlineMs: number, signal: AbortSignal): Promise<void> {
    this.#tell({ do: 'open', order });
    const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
    const answer = await this.#until(({ opened, refused }) => opened ?? refused, limit);
    if (answer?.event === 'opened') return;
    if (answer !== undefined) throw refusal(answer);
    signal.throwIfAborted();
    const why = this.#dead ? 'it ended at once' : `it was not ready within ${deadlineMs} ms`;
    throw new UserError('freeze.no-guard', `nothing was frozen, for want of a guard that thaws: ${why}`, {
      remedy: 'Is the machine out of memory or processes? See: dmesg | tail, ulimit -a',
    });
  }

  async freeze(): Promise<Omit<FreezeResult, 'warnings'>> {
    this.#tell({ do: 'freeze' });
    const answer = await this.#until(({ froze, refused }) => froze ?? refused);
    if (answer?.event === 'froze') return { fileSystems: answer.fileSystems, steps: answer.steps };
    throw answer === undefined ? new Error('the guard died while freezing') : refusal(answer);
  }

  async thaw(limit: AbortSignal): Promise<ThawReport | undefined> {
    this.#tell({ do: 'thaw' });
    return (await this.#until(({ thawed }) => thawed, limit))?.report;
  }

  onArmed(listener: (atMs: number) => void): void {
    this.#armed = listener;
  }

  onLost(listener: (reason: string) => void): void {
    this.#lost = listener;
  }

  onDeath(listener: () => void): void {
    this.#death = listener;
  }

  bye(): void {
    this.#parted = true;
    this.#tell({ do: 'bye' });
    // Not to wait for it: a file system that the kernel does not let go may keep it for ever.
    this.#child.stdin?.end();
    this.#child.stdout?.destroy();
    this.#child.unref();
  }

  async gone(limitMs: number): Promise<void> {
    // Neither an abandoned child nor the timer of a signal keeps this process alive; this one does.
    await orUndefinedAfter(
      limitMs,
      this.#until(() => undefined),
    );
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  isGone(): boolean {
    return this.#dead;
  }

  #receive(message: FromGuard): void {
    Object.assign(this.#answers, { [message.event]: message });
    if (message.event === 'armed') this.#armed(message.atMs);
    if (message.event === 'lost') this.#lost(message.reason);
    this.#wake();
  }

  #died(): void {
    if (this.#dead) return;
    this.#dead = true;
    if (!this.#parted) this.#death();
    this.#wake();
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  #tell(message: ToGuard): void {
    if (!this.#dead) this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** Waits until `ready` finds something among the answers, the guard dies, or the signal is aborted. */
  #until<T>(ready: (answers: Answers) => T | undefined, signal?: AbortSignal): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const look = () => {
      const found = ready(this.#answers);
      if (found !== undefined || this.#dead || signal?.aborted) resolve(found);
    };
    this.#waiting.add(look);
    signal?.addEventListener('abort', look);
    look();
    return promise.finally(() => {
      this.#waiting.delete(look);
      signal?.removeEventListener('abort', look);
    });
  }
}

const refusal = ({ code, message, remedy }: Extract<FromGuard, { event: 'refused' }>): Error =>
  new UserError(code ?? 'freeze.failed', message, remedy === undefined ? {} : { remedy });
