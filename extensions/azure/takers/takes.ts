import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../../agent/config/schema.ts';
import { messageOf, UserError } from '../../../agent/errors.ts';
import { redact } from '../../../agent/redact.ts';
import { refuseInTests } from '../../../agent/system/imds.ts';
import type { System } from '../../../agent/system/system.ts';
import type { SnapshotOrigin } from '../settings.ts';
import type { AzureTakerOptions, TakeJob, TakeReport } from './azure-taker.ts';
import { lostBlob, uriOf } from './blob-snapshot.ts';
import type { GuestSnapshots } from './guest.ts';
import { HOST_URL, HostSnapshots } from './host.ts';
import { openGuest } from './open-guest.ts';
import { type Creator, describe, failureOf, isEmpty, nameOf, type SnapshotSet } from './snapshot-set.ts';

/** Who takes the snapshots, and who stands in for him. */
export const ORDER: Readonly<Record<SnapshotOrigin, readonly [Creator, ...Creator[]]>> = {
  onlyGuest: ['guest'],
  firstGuestThenHost: ['guest', 'host'],
  firstHostThenGuest: ['host', 'guest'],
  onlyHost: ['host'],
};

/** How many freezes one job may cost. */
const FREEZES = 3;
/** Who comes second may go on in the freeze of the first, if that failed this quickly; else it gets one of its own. */
const QUICK_MS = 1000;
/** What is needed is tried so often; what somebody stands in for, once. */
const TRIES = 3;
/** For PreSnapshot: where the host is to take the snapshots, and where it is asked for its clock alone. */
const ANNOUNCE_MS = { first: 20_000, aside: 2000 };
/** Nobody says for how long the host remembers what was announced to it. */
const ANNOUNCED_MS = 60_000;
/** The applications are held meanwhile. */
const LONGEST_WAIT_MS = 10_000;

/** The takes of one job: who is left to try, and what came of the last one. */
export class Takes {
  readonly #system: System;
  readonly #config: Pick<Config, 'proxy'>;
  readonly #job: TakeJob;
  readonly #options: AzureTakerOptions;
  readonly #order: readonly [Creator, ...Creator[]];
  readonly #host: HostSnapshots;
  #guest: GuestSnapshots | undefined;
  /** The first is next. */
  #left: readonly Creator[] = [];
  #set: SnapshotSet | undefined;
  #announcedAtMs = Number.NEGATIVE_INFINITY;
  #freezes = 0;
  #waitMs = 0;
  #closed = false;

  constructor(system: System, config: Pick<Config, 'proxy'>, job: TakeJob, options: AzureTakerOptions) {
    this.#system = system;
    this.#config = config;
    this.#job = job;
    this.#options = options;
    this.#order = ORDER[job.takeSnapshotFrom];
    this.#host = new HostSnapshots(job, options.hostUrl ?? HOST_URL);
  }

  get report(): TakeReport {
    const { preSnapshotStatus, doSnapshotStatus } = this.#host;
    return { set: this.#set, preSnapshotStatus, doSnapshotStatus };
  }

  /** Whether another take, in a freeze of its own, may do better than the last one. */
  get again(): boolean {
    return this.#left.length > 0 && this.#freezes < FREEZES;
  }

  /** Connects whoever may be needed. Throws what keeps the first of them, when there is nobody else. */
  async open(signal: AbortSignal): Promise<void> {
    refuseInTests(this.#system, this.#options.hostUrl ?? HOST_URL);
    const [guest, host] = await Promise.allSettled([this.#openGuest(signal), this.#openHost(signal)]);
    this.#admit();
    this.#leave({ guest, host }, this.#order);
  }

  /** Before each freeze: waits as long as it was told to, and makes warm again what has cooled. */
  async renew(signal: AbortSignal): Promise<void> {
    await sleep(Math.min(this.#waitMs, LONGEST_WAIT_MS), undefined, { signal });
    if (this.#left.includes('host') && performance.now() - this.#announcedAtMs > ANNOUNCED_MS)
      await this.#announce(ANNOUNCE_MS.aside, signal);
    this.#admit();
    const [guest, host] = await Promise.allSettled([
      this.#left.includes('guest') ? this.#guest?.warm(1, signal) : undefined,
      this.#left.includes('host') ? this.#host.warm(1, signal) : undefined,
    ]);
    this.#leave({ guest, host }, this.#left);
  }

  /** While frozen. Rejects with the signal's reason, or with a `UserError` (`azure.not-taken`). */
  async take(signal: AbortSignal): Promise<{ readonly snapshot: string }> {
    signal.throwIfAborted();
    const begunMs = performance.now();
    this.#freezes += 1;
    for (let [next] = this.#left; next !== undefined; [next] = this.#left) {
      const set = await this.#takeBy(next, signal);
      this.#set = set;
      if (set.failure === undefined) return { snapshot: nameOf(set) };
      if (signal.aborted) break;
      this.#left = this.#after(set);
      if (this.#left[0] === next || performance.now() - begunMs > QUICK_MS) break;
    }
    signal.throwIfAborted();
    throw new UserError('azure.not-taken', this.#set === undefined ? 'nobody is left to ask' : describe(this.#set));
  }

  close(): void {
    this.#closed = true;
    this.#guest?.close();
    this.#host.close();
  }

  /** Who may still take a whole set. What there is of this one belongs to the service, and nobody adds to it. */
  #after(set: SnapshotSet): readonly Creator[] {
    const [, ...others] = this.#left;
    if (isEmpty(set) && others.length > 0) return others;
    this.#waitMs = set.againAfterMs ?? 0;
    return set.againAfterMs === undefined ? [] : this.#left;
  }

  /**
   * Who has used up a whole freeze would use up the next one too. Settled within the abort itself: `again` is asked by
   * whoever was waiting for us, and that may be before we are heard of.
   */
  async #takeBy(creator: Creator, signal: AbortSignal): Promise<SnapshotSet> {
    const maker = creator === 'host' ? this.#host : this.#guest;
    if (maker === undefined) throw new Error('the guest was not prepared');
    const usedUp = () => {
      this.#left = maker === this.#guest && maker.hasTaken ? [] : this.#left.slice(1);
      this.#waitMs = 0;
    };
    signal.addEventListener('abort', usedUp, { once: true });
    try {
      return await maker.take(signal);
    } finally {
      signal.removeEventListener('abort', usedUp);
    }
  }

  /** Keeps those that are ready; throws why the first is not, when none is. */
  #leave(results: Readonly<Record<Creator, PromiseSettledResult<unknown>>>, of: readonly Creator[]): void {
    const [first = this.#order[0]] = of;
    this.#left = of.filter((id) => results[id].status === 'fulfilled');
    const { reason } = { reason: undefined, ...results[first] };
    if (this.#left.length > 0 || reason === undefined) return;
    this.#set = this.#unopened(first, redact(messageOf(reason)));
    throw reason;
  }

  #unopened(by: Creator, said: string): SnapshotSet {
    if (by === 'host') return { by, disks: [], failure: this.#host.isDown ? 'host-broken' : 'all', said };
    const disks = this.#job.blobSasUris.map((uri) => lostBlob(uriOf(uri), said).disk);
    return { by, disks, failure: failureOf(disks, []), said };
  }

  async #openGuest(signal: AbortSignal): Promise<void> {
    if (!this.#order.includes('guest')) return;
    this.#guest = await openGuest(this.#system, this.#config, this.#job, this.#options.ca, signal);
    // A preparation that was given up at its deadline goes on behind our back.
    if (this.#closed) this.#guest.close();
    await this.#guest.warm(this.#order[0] === 'guest' ? TRIES : 1, signal);
  }

  /** PreSnapshot in any case: the host's clock says whether the job is too old. */
  async #openHost(signal: AbortSignal): Promise<void> {
    const isFirst = this.#order[0] === 'host';
    await this.#announce(isFirst ? ANNOUNCE_MS.first : ANNOUNCE_MS.aside, signal);
    if (!this.#order.includes('host')) return;
    // Where the guest can do it, the host must have said that it is ready; else any word of it is enough.
    const { ready, answers } = this.#host;
    if (isFirst && this.#order.length > 1 ? !ready : !answers) throw this.#host.notReady();
    await this.#host.warm(TRIES, signal);
  }

  async #announce(limitMs: number, signal: AbortSignal): Promise<void> {
    await this.#host.announce(limitMs, signal);
    this.#announcedAtMs = performance.now();
  }

  #admit(): void {
    const { now } = this.#host;
    const elapsedMs = performance.now() - this.#announcedAtMs;
    this.#options.admit?.(now === undefined ? this.#system.clock.now() : new Date(now.getTime() + elapsedMs));
  }
}
