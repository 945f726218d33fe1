import { fstatSync } from 'node:fs';
import { messageOf, UserError } from '../errors.ts';
import { EBUSY, type Libc } from '../system/native.ts';
import type { Clock } from '../system/system.ts';
import { type Expediter, openExpediter } from './expedite.ts';
import type { FreezeStep, ThawReport } from './freezer.ts';
import { FrozenSet } from './frozen-set.ts';
import type { FromGuard, GuardOrder, ToGuard } from './guard-protocol.ts';
import { type FreezeJournal, openFreezeJournal } from './journal.ts';
import { deviceLookup, openOn } from './open.ts';
import { takeSafeFreezeLock } from './safe-freeze-lock.ts';
import { assertNamedByTest } from './selection.ts';

/** What the guard needs of its process. */
export interface GuardPorts {
  readonly libc: Libc;
  readonly clock: Clock;
  /** Never throws and never blocks, also when nobody listens any more. */
  send(message: FromGuard): void;
  /** The daemon went without a word: somebody must leave the other phases in its place. Called once, after the thaw. */
  recover(): void;
  /** Ends the process at once, whatever its threads are doing. */
  leave(): void;
}

/**
 * The guard owns the freeze. It is a process of its own, opens everything beforehand, and thaws when told, when the
 * time is up, or when its pipe from the daemon closes, whatever comes first. The thread that keeps the time makes no
 * call that can block: every FIFREEZE and FITHAW has its own, and lines go to a tmpfs and a pipe.
 */
export class Guard {
  readonly #ports: GuardPorts;
  #order: GuardOrder | undefined;
  #set: FrozenSet | undefined;
  #journal: FreezeJournal | undefined;
  #expediter: Expediter | undefined;
  #expedited = false;
  #unlock: () => void = () => undefined;
  #armedAtMs: number | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #thawed: Promise<ThawReport> | undefined;
  #daemon: 'here' | 'said-bye' | 'gone' = 'here';

  constructor(ports: GuardPorts) {
    this.#ports = ports;
  }

  receive(message: ToGuard): void {
    if (message.do === 'open') this.#open(message.order).catch((error) => this.#refuse(error));
    else if (message.do === 'freeze') this.#freeze().catch((error) => this.#refuse(error));
    else if (message.do === 'thaw') void this.#thaw().then((report) => this.#ports.send({ event: 'thawed', report }));
    else this.#part('said-bye');
  }

  /** The pipe from the daemon has closed. */
  disconnected(): void {
    if (this.#daemon === 'here') this.#part('gone');
  }

  async #open(order: GuardOrder): Promise<void> {
    const { clock, libc } = this.#ports;
    const atMs = clock.monotonicMs();
    this.#order = order;
    assertNamedByTest(order.groups.flat(), order.testDevices);
    this.#unlock = takeSafeFreezeLock(order.safeFreezeFolder, libc);
    const deviceOf = deviceLookup();
    const groups = order.groups.map((group) =>
      group.map((fileSystem) => ({ fileSystem, fd: openOn(fileSystem, deviceOf), state: 'open' as const })),
    );
    this.#journal = openFreezeJournal(order.journalPath, order.bootId);
    const journalOn = deviceOf(this.#journal.fd);
    const frozenWithIt = order.groups.flat().find(({ id }) => id === journalOn);
    if (frozenWithIt !== undefined) throw journalWouldFreeze(order.journalPath, frozenWithIt.mountPoint);
    this.#set = new FrozenSet(groups, libc, clock, this.#journal);
    this.#set.onLateThaw = () => this.#leaveWhenSettled();
    if (order.expedite) this.#expediter = openExpediter();
    await warmUp(libc);
    this.#ports.send({ event: 'opened', steps: [{ step: 'open', atMs, tookMs: clock.monotonicMs() - atMs }] });
  }

  async #freeze(): Promise<void> {
    const set = this.#set;
    if (set === undefined) throw new Error('freeze was asked for before open');
    await set.flush();
    // The thaw may have been asked for while the flush went on; then the freeze never begins.
    if (!set.isGivenUp) {
      this.#journal?.intend(set.members.map(({ fileSystem }) => fileSystem));
      this.#expedite();
      this.#arm(set);
      await set.freeze();
    }
    this.#ports.send({ event: 'froze', fileSystems: set.states, steps: set.steps.splice(0) });
  }

  #arm(set: FrozenSet): void {
    const deadlineMs = this.#order?.deadlineMs ?? 0;
    this.#armedAtMs = this.#ports.clock.monotonicMs();
    this.#deadline = setTimeout(() => {
      const reason = `the deadline of ${deadlineMs} ms passed`;
      for (const { state, fileSystem } of set.members) {
        if (state === 'frozen') {
          set.problems.push({ kind: 'early', mountPoint: fileSystem.mountPoint, message: `thawed because ${reason}` });
        }
      }
      void this.#thaw();
      this.#ports.send({ event: 'lost', reason });
    }, deadlineMs);
    this.#ports.send({ event: 'armed', atMs: this.#armedAtMs });
  }

  #thaw(): Promise<ThawReport> {
    this.#thawed ??= this.#thawOnce();
    return this.#thawed;
  }

  async #thawOnce(): Promise<ThawReport> {
    clearTimeout(this.#deadline);
    const set = this.#set;
    await set?.thaw();
    this.#restore();
    if (set === undefined) return { problems: [], frozenMs: 0, firstThawAtMs: undefined, steps: [] };
    const owed = set.unsettled.map(({ fileSystem: { mountPoint } }) => ({
      kind: 'owed' as const,
      mountPoint,
      message: 'the kernel has not let go of it yet; the guard goes on trying',
    }));
    return {
      problems: [...set.problems, ...owed],
      frozenMs: this.#armedAtMs === undefined ? 0 : Math.max(0, set.lastThawAtMs - this.#armedAtMs),
      firstThawAtMs: set.firstThawAtMs,
      steps: set.steps.splice(0),
    };
  }

  #expedite(): void {
    if (this.#expediter === undefined) return;
    const step = this.#step('expedite');
    this.#journal?.expedited();
    this.#expedited = this.#expediter.raise();
    if (!this.#expedited) this.#journal?.restored();
    step();
  }

  #restore(): void {
    if (!this.#expedited) return;
    const step = this.#step('restore-expedite');
    this.#expedited = false;
    this.#expediter?.restore();
    this.#journal?.restored();
    step();
  }

  #step(step: FreezeStep['step']): () => void {
    const atMs = this.#ports.clock.monotonicMs();
    return () => this.#set?.steps.push({ step, atMs, tookMs: this.#ports.clock.monotonicMs() - atMs });
  }

  /** The daemon will not ask for anything any more. */
  #part(how: 'said-bye' | 'gone'): void {
    this.#daemon = how;
    void this.#thaw().then(() => {
      if (how === 'gone') this.#ports.recover();
      this.#leaveWhenSettled();
    });
  }

  #leaveWhenSettled(): void {
    if (this.#daemon === 'here' || (this.#set?.unsettled.length ?? 0) > 0) return;
    this.#journal?.remove();
    this.#unlock();
    this.#ports.leave();
  }

  #refuse(error: unknown): void {
    const { code, remedy } = error instanceof UserError ? error : { code: 'freeze.failed', remedy: undefined };
    this.#ports.send({
      event: 'refused',
      code,
      message: messageOf(error),
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}

/**
 * One pass through the code of freeze and thaw, so that no page of it must be read while file systems are frozen. On
 * our own standard input, if that is a pipe or socket: those have no freeze operation (EOPNOTSUPP, EINVAL). Nothing
 * else is harmless enough: the ioctl takes any descriptor for the file system that it is on.
 */
async function warmUp(libc: Libc): Promise<void> {
  const stdin = fstatSync(0);
  if (!stdin.isSocket() && !stdin.isFIFO()) return;
  await libc.freeze(0);
  await libc.thaw(0);
  libc.errorName(EBUSY);
}

const journalWouldFreeze = (journalPath: string, mountPoint: string): UserError =>
  new UserError('freeze.journal-frozen', `${journalPath} lies on ${mountPoint}, which is about to be frozen`, {
    remedy: 'Mount a tmpfs at /run (every systemd machine has one), or leave that file system out by --mount.',
  });
