import { messageOf, UserError } from '../errors.ts';
import { faultPoint, faultPointSync } from '../fault-point.ts';
import { EBUSY, type Libc } from '../system/native.ts';
import type { Clock } from '../system/system.ts';
import type { Expediter } from './expedite.ts';
import type { FreezeStep, ThawReport } from './freezer.ts';
import { FrozenSet } from './frozen-set.ts';
import type { FromGuard, GuardOrder, ToGuard } from './guard-protocol.ts';
import type { FreezeJournal, JournalledFileSystem } from './journal.ts';
import type { DeviceOf } from './open.ts';
import { assertNamedByTest } from './selection.ts';

/** What the guard needs of its process. */
export interface GuardPorts {
  readonly libc: Libc;
  readonly clock: Clock;
  /** Never throws and never blocks, also when nobody listens any more. */
  send(message: FromGuard): void;
  /** Changes when that process dies. */
  parentPid(): number;
  /** The daemon went without a word: somebody must leave the other phases in its place. Called once, after the thaw. */
  recover(): void;
  /** Ends the process at once, whatever its threads are doing. */
  leave(): void;
  readonly machine: GuardMachine;
}

/** What the guard opens, all of it before the freeze. */
export interface GuardMachine {
  /** Takes the lock that keeps others from freezing; returns what gives it back. */
  lock(folder: string): () => void;
  deviceLookup(): DeviceOf;
  open(fileSystem: JournalledFileSystem, deviceOf: DeviceOf): number;
  openJournal(path: string, bootId: string): FreezeJournal;
  openExpediter(): Expediter | undefined;
  /** A descriptor for which the kernel refuses both ioctls; undefined where none is at hand. */
  harmlessFd(): number | undefined;
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
  /** By a line of the record, which must be followed by one that takes it back. */
  #announced = false;
  #expedited = false;
  #unlock: () => void = () => undefined;
  #armedAtMs: number | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #thawed: Promise<ThawReport> | undefined;
  #daemon: 'here' | 'said-bye' | 'gone' = 'here';
  #mayLeave = false;

  constructor(ports: GuardPorts) {
    this.#ports = ports;
  }

  receive(message: ToGuard): void {
    if (message.do === 'open') this.#open(message.order).catch((error) => this.#refuse(error));
    else if (message.do === 'freeze') this.#freeze().catch((error) => this.#refuse(error));
    else if (message.do === 'thaw') void this.#thaw().then((report) => this.#report(report));
    else if (message.do === 'bye') this.#part('said-bye');
    // Not a word of ours: a daemon that is not understood cannot be relied upon either.
    else this.disconnected();
  }

  /** The pipe from the daemon has closed. */
  disconnected(): void {
    if (this.#daemon === 'here') this.#part('gone');
  }

  async #open(order: GuardOrder): Promise<void> {
    const { clock, libc, machine } = this.#ports;
    const atMs = clock.monotonicMs();
    this.#order = order;
    assertNamedByTest(order.groups.flat(), order.testDevices);
    // Where nothing is frozen by us, whoever holds it may be the one whom we prepare the machine for.
    faultPointSync('safe-freeze-lock.take.before');
    if (order.groups.length > 0) this.#unlock = machine.lock(order.safeFreezeFolder);
    faultPointSync('safe-freeze-lock.take.after');
    const deviceOf = machine.deviceLookup();
    const groups = order.groups.map((group) =>
      group.map((fileSystem) => ({ fileSystem, fd: machine.open(fileSystem, deviceOf), state: 'open' as const })),
    );
    faultPointSync('freeze-record.open.before');
    this.#journal = machine.openJournal(order.journalPath, order.bootId);
    faultPointSync('freeze-record.open.after');
    const journalOn = deviceOf(this.#journal.fd);
    const frozenWithIt = order.groups.flat().find(({ id }) => id === journalOn);
    if (frozenWithIt !== undefined) throw journalWouldFreeze(order.journalPath, frozenWithIt.mountPoint);
    this.#set = new FrozenSet(groups, libc, clock, this.#journal);
    this.#set.onLateEnd = () => this.#leaveWhenSettled();
    if (order.expedite) this.#expediter = machine.openExpediter();
    await warmUp(libc, machine.harmlessFd());
    await faultPoint('guard.opened.before');
    this.#ports.send({ event: 'opened', steps: [{ step: 'open', atMs, tookMs: clock.monotonicMs() - atMs }] });
    await faultPoint('guard.opened.after');
  }

  async #freeze(): Promise<void> {
    const set = this.#set;
    if (set === undefined) throw new Error('freeze was asked for before open');
    await set.flush();
    // The thaw may have been asked for while the flush went on; then the freeze never begins.
    if (!set.isGivenUp) {
      faultPointSync('freeze-record.intend.before');
      this.#journal?.intend(set.members.map(({ fileSystem }) => fileSystem));
      faultPointSync('freeze-record.intend.after');
      this.#expedite();
      this.#arm(set);
      await set.freeze();
    }
    await faultPoint('guard.froze.before');
    this.#ports.send({ event: 'froze', fileSystems: set.states, steps: set.steps.splice(0) });
    await faultPoint('guard.froze.after');
  }

  async #report(report: ThawReport): Promise<void> {
    await faultPoint('guard.thawed.before');
    this.#ports.send({ event: 'thawed', report });
    await faultPoint('guard.thawed.after');
  }

  #arm(set: FrozenSet): void {
    const deadlineMs = this.#order?.deadlineMs ?? 0;
    const armedAtMs = this.#ports.clock.monotonicMs();
    this.#armedAtMs = armedAtMs;
    faultPointSync('freeze-record.armed.before');
    this.#journal?.armed({ atMs: armedAtMs, untilMs: armedAtMs + deadlineMs });
    faultPointSync('freeze-record.armed.after');
    this.#deadline = setTimeout(() => {
      const reason = `the deadline of ${deadlineMs} ms passed`;
      const atMs = this.#ports.clock.monotonicMs();
      for (const { state, fileSystem } of set.members) {
        if (state !== 'frozen') continue;
        const message = `thawed because ${reason}`;
        set.problems.push({ kind: 'early', mountPoint: fileSystem.mountPoint, atMs, message });
      }
      void this.#thaw();
      faultPointSync('guard.lost.before');
      this.#ports.send({ event: 'lost', reason });
      faultPointSync('guard.lost.after');
    }, deadlineMs);
    faultPointSync('guard.armed.before');
    this.#ports.send({ event: 'armed', atMs: armedAtMs });
    faultPointSync('guard.armed.after');
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
    if (set === undefined) return NOTHING_TO_THAW;
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
    // From here on, since a line whose writing failed may stand there all the same.
    this.#announced = true;
    faultPointSync('freeze-record.expedited.before');
    this.#journal?.expedited();
    faultPointSync('freeze-record.expedited.after');
    this.#attempt('expedite', () => {
      faultPointSync('expedite.raise.before');
      this.#expedited = this.#expediter?.raise() ?? false;
      faultPointSync('expedite.raise.after');
    });
    if (this.#expedited) return;
    this.#journal?.restored();
    this.#announced = false;
  }

  /** Safe more than once: what failed is tried again as the guard leaves. */
  #restore(): void {
    if (!this.#announced) return;
    this.#attempt('restore-expedite', () => {
      faultPointSync('expedite.restore.before');
      if (this.#expedited) this.#expediter?.restore();
      faultPointSync('expedite.restore.after');
      this.#expedited = false;
      faultPointSync('freeze-record.restored.before');
      this.#journal?.restored();
      faultPointSync('freeze-record.restored.after');
      this.#announced = false;
    });
  }

  /** For what the freeze can do without and the thaw must not stumble over; a failure is seen in the timeline. */
  #attempt(step: FreezeStep['step'], work: () => void): void {
    const { clock } = this.#ports;
    const atMs = clock.monotonicMs();
    let failed: { error: string } | undefined;
    try {
      work();
    } catch (error) {
      failed = { error: messageOf(error) };
    }
    this.#set?.steps.push({ step, atMs, tookMs: clock.monotonicMs() - atMs, ...failed });
  }

  /** The daemon will not ask for anything any more. */
  #part(how: 'said-bye' | 'gone'): void {
    this.#daemon = how;
    void this.#thaw().then(async () => {
      if (how === 'gone') {
        await this.#deathOfDaemon();
        this.#recover();
      }
      this.#mayLeave = true;
      this.#leaveWhenSettled();
    });
  }

  /**
   * Its pipe may be closed while it lives. Then it takes us for dead, kills us and leaves the rest itself: what two of us
   * leave is left twice.
   */
  async #deathOfDaemon(): Promise<void> {
    while (this.#ports.parentPid() === this.#order?.daemonPid) {
      await new Promise((resolve) => setTimeout(resolve, DEATH_POLL_MS));
    }
  }

  #recover(): void {
    faultPointSync('guard.recover.before');
    this.#ports.recover();
    faultPointSync('guard.recover.after');
  }

  #leaveWhenSettled(): void {
    if (!this.#mayLeave || (this.#set?.unsettled.length ?? 0) > 0) return;
    this.#restore();
    this.#set?.recordAgain();
    try {
      faultPointSync('freeze-record.remove.before');
      this.#journal?.removeIfSettled();
      faultPointSync('freeze-record.remove.after');
      faultPointSync('safe-freeze-lock.release.before');
      this.#unlock();
      faultPointSync('safe-freeze-lock.release.after');
    } catch {
      // A record that stays is settled by the next start; a guard that stays would hold the lock for ever.
    }
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

const DEATH_POLL_MS = 50;

const NOTHING_TO_THAW: ThawReport = { problems: [], frozenMs: 0, firstThawAtMs: undefined, steps: [] };

/** One pass through the code of freeze and thaw, so that no page of it must be read while file systems are frozen. */
async function warmUp(libc: Libc, harmlessFd: number | undefined): Promise<void> {
  if (harmlessFd === undefined) return;
  await libc.freeze(harmlessFd);
  await libc.thaw(harmlessFd);
  libc.errorName(EBUSY);
}

const journalWouldFreeze = (journalPath: string, mountPoint: string): UserError =>
  new UserError('freeze.journal-frozen', `${journalPath} lies on ${mountPoint}, which is about to be frozen`, {
    remedy: 'Mount a tmpfs at /run (every systemd machine has one), or leave that file system out by --mount.',
  });
