import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../agent/errors.ts';
import { type Blob, type BlobResult, lostBlob, readBlobAnswer } from './blob-snapshot.ts';
import type { Route } from './connection.ts';
import { failureOf, type SnapshotSet } from './snapshot-set.ts';
import { type Wanted, WarmConnections } from './warm-connections.ts';

/**
 * How long a blob that was refused for now waits until it is tried again while everything is frozen. Whoever writes
 * waits too, so not long: what takes longer gets a freeze of its own.
 */
const WAITS_MS: readonly number[] = [100, 300];
/** Before a new freeze, where storage names no time. */
const AGAIN_MS = 1000;
/** Beyond the one of each blob, for each server: what is lost while frozen cannot be opened anew. */
const SPARE = 1;

/** The guest's way: each blob by a PUT of its own, all at once, each over a connection that waits for it. */
export class GuestSnapshots {
  readonly #blobs: readonly { readonly blob: Blob; readonly route: Route }[];
  readonly #connections: WarmConnections;
  #taken = 0;

  /** @param routeOf how a server is reached: proxy, whom to trust. */
  constructor(blobs: readonly Blob[], routeOf: (url: URL) => Route) {
    this.#blobs = blobs.map((blob) => ({ blob, route: routeOf(blob.sasUri) }));
    const wanted = this.#blobs.map(({ blob, route }) => ({ route, greeting: blob.greeting }));
    const servers = new Map(wanted.map((each) => [each.route.url.origin, each]));
    const spare = [...servers.values()].flatMap((each) => Array<Wanted>(SPARE).fill(each));
    this.#connections = new WarmConnections([...wanted, ...spare]);
  }

  /** Before each freeze. Throws a `UserError` when a server cannot be reached. */
  async warm(tries: number, signal: AbortSignal): Promise<void> {
    await this.#connections.warm(tries, signal);
    // What has never run takes its time the first time: 2 ms to read an answer, and here nobody waits.
    readBlobAnswer('https://storage/blob', { status: 201, headers: { 'x-ms-snapshot': 'now' }, body: '' });
  }

  /** Whether a blob has its snapshot in the set that is being taken, or was taken last. */
  get hasTaken(): boolean {
    return this.#taken > 0;
  }

  /** While frozen. Never throws: what became of each blob is in the set, also of those that the signal cut off. */
  async take(signal: AbortSignal): Promise<SnapshotSet> {
    this.#taken = 0;
    const results = await Promise.all(this.#blobs.map(({ blob, route }) => this.#snapshot(blob, route, signal)));
    const disks = results.map(({ disk }) => disk);
    const faults = results.flatMap(({ fault }) => fault ?? []);
    const failure = failureOf(disks, faults);
    const again = faults.length > 0 && faults.every((fault) => MAY_PASS.includes(fault));
    const againAfterMs = Math.max(AGAIN_MS, ...results.map((result) => result.againAfterMs ?? 0));
    return { by: 'guest', disks, failure, ...(again ? { againAfterMs } : {}) };
  }

  close(): void {
    this.#connections.close();
  }

  async #snapshot(blob: Blob, route: Route, signal: AbortSignal): Promise<BlobResult> {
    for (const waitMs of WAITS_MS) {
      const result = await this.#ask(blob, route, signal);
      const { fault, againAfterMs = 0 } = result;
      if (fault === undefined || !MAY_PASS.includes(fault) || againAfterMs > waitMs) return result;
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return result;
    }
    return this.#ask(blob, route, signal);
  }

  async #ask({ uri, request }: Blob, route: Route, signal: AbortSignal): Promise<BlobResult> {
    const connection = this.#connections.free(route);
    if (connection === undefined) return lostBlob(uri, 'no connection was left, and none is opened while frozen');
    try {
      const result = readBlobAnswer(uri, await connection.send(request, signal));
      if (result.disk.successful) this.#taken += 1;
      return result;
    } catch (error) {
      return lostBlob(uri, messageOf(error));
    }
  }
}

const MAY_PASS: readonly BlobResult['fault'][] = ['rate', 'busy', 'lost'];
