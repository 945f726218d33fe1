import { messageOf, UserError } from '../../../agent/errors.ts';
import { redact } from '../../../agent/redact.ts';
import type { TakeJob } from './azure-taker.ts';
import { retryAfterMs } from './blob-snapshot.ts';
import type { Answer, Request, Route } from './connection.ts';
import {
  doSnapshotBody,
  NOT_TOLD,
  type PreSnapshot,
  preSnapshotBody,
  readDoSnapshot,
  readPreSnapshot,
} from './host-messages.ts';
import type { SnapshotSet } from './snapshot-set.ts';
import { WarmConnections } from './warm-connections.ts';

/** Never through a proxy: the address is this machine's own host. */
export const HOST_URL = 'http://168.63.129.16/metadata/recsvc/snapshot/';
const QUERY = '?api-version=2017-12-01';
/** `UserAgent` is the name that upstream sends, and not a slip of ours. */
const HEADERS = { Backup: 'true', 'Content-type': 'application/json', UserAgent: 'VMSnapshot' };
/** Where the host throttles and names no time. */
const AGAIN_MS = 1000;

/** What upstream reports in place of a status: no answer; the service is down; success without a word. */
const NO_ANSWER = 555;
const DOWN = 556;
const EMPTY = 557;

/** The host's way: one request for all disks, announced by PreSnapshot. */
export class HostSnapshots {
  /** Undefined until it was asked. */
  preSnapshotStatus: number | undefined;
  doSnapshotStatus: number | undefined;
  #told: PreSnapshot = NOT_TOLD;
  readonly #url: URL;
  readonly #job: TakeJob;
  readonly #route: Route;
  readonly #connections: WarmConnections;
  /** DoSnapshot, complete before the freeze. */
  #request: Request | undefined;

  constructor(job: TakeJob, url: string) {
    this.#url = new URL(url);
    this.#job = job;
    this.#route = { url: this.#url };
    this.#connections = new WarmConnections([{ route: this.#route }]);
  }

  /** The clock of the host when it was asked; undefined when it did not tell. */
  get now(): Date | undefined {
    return this.#told.now;
  }

  /** Whether it has answered at all. */
  get answers(): boolean {
    return this.preSnapshotStatus !== undefined && this.preSnapshotStatus !== NO_ANSWER;
  }

  /** Whether it has said that it is ready to take the snapshots. */
  get ready(): boolean {
    return isSuccess(this.preSnapshotStatus ?? 0);
  }

  /** Whether something else answers in the place of its service. */
  get isDown(): boolean {
    return this.preSnapshotStatus === DOWN;
  }

  notReady(): UserError {
    const said = this.answers ? `answers ${this.preSnapshotStatus} to PreSnapshot` : 'does not answer';
    return new UserError('azure.host-not-ready', `the backup service of the host (${this.#url.host}) ${said}`, {
      remedy: 'See whether the host can be reached: quiesced check',
    });
  }

  /**
   * PreSnapshot, while nothing is frozen: over the connection that the take will use, so that this has been of use once.
   * Never throws: what came of it is in the fields.
   */
  async announce(limitMs: number, signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
    try {
      await this.#connections.warm(1, limit);
      const connection = this.#connections.free(this.#route);
      if (connection === undefined) throw new Error('it was closed at once');
      const { status, body } = await connection.greet(this.#post('presnapshot', preSnapshotBody(this.#job)), limit);
      this.preSnapshotStatus = statusOf(status, body);
      if (isSuccess(this.preSnapshotStatus)) this.#told = readPreSnapshot(body);
    } catch {
      this.preSnapshotStatus ??= NO_ANSWER;
    }
  }

  /** Before each freeze. Throws a `UserError` when it cannot be reached. */
  async warm(tries: number, signal: AbortSignal): Promise<void> {
    await this.#connections.warm(tries, signal);
    this.#request = this.#post('dosnapshot', doSnapshotBody(this.#job, this.#told.encryption));
  }

  /** While frozen. Never throws: what came of it is in the set. */
  async take(signal: AbortSignal): Promise<SnapshotSet> {
    const connection = this.#connections.free(this.#route);
    try {
      if (connection === undefined || this.#request === undefined)
        throw new Error('the connection to the host was lost');
      const answer = await connection.send(this.#request, signal);
      this.doSnapshotStatus = statusOf(answer.status, answer.body);
      return setOf(this.doSnapshotStatus, answer, this.#job.disks.luns.length);
    } catch (error) {
      this.doSnapshotStatus = NO_ANSWER;
      return { by: 'host', disks: [], failure: 'all', said: redact(messageOf(error)), againAfterMs: AGAIN_MS };
    }
  }

  close(): void {
    this.#connections.close();
  }

  #post(call: string, body: string): Request {
    const headers = { ...HEADERS, 'Content-Length': String(Buffer.byteLength(body)) };
    return { method: 'POST', path: `${this.#url.pathname}${call}${QUERY}`, headers, body };
  }
}

function setOf(status: number, { headers, body }: Answer, asked: number): SnapshotSet {
  if (isSuccess(status)) return readDoSnapshot(body, asked);
  const throttled = [409, 429, 503].includes(status);
  return {
    by: 'host',
    disks: [],
    failure: throttled ? 'rate' : status === DOWN ? 'host-broken' : 'all',
    said: redact(body.trim().slice(0, 500)) || `the host answers ${status}`,
    ...(throttled ? { againAfterMs: Math.max(AGAIN_MS, retryAfterMs(headers['retry-after']) ?? 0) } : {}),
  };
}

/** The service in its own words answers `{ "error": …`; whatever else says 500 answers in its place. */
function statusOf(status: number, body: string): number {
  if (status === 500 && !/^\s*\{\s*"error"/.test(body)) return DOWN;
  return isSuccess(status) && body.trim() === '' ? EMPTY : status;
}

const isSuccess = (status: number): boolean => status === 200 || status === 201;
