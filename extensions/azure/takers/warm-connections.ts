import { messageOf, UserError } from '../../../agent/errors.ts';
import { redact } from '../../../agent/redact.ts';
import { Connection, type Request, type Route } from './connection.ts';

/** One try to open one connection. */
const OPEN_MS = 5000;
/** Balancers on the way to Azure's storage forget idle connections after four minutes, servers earlier. */
const COLD_MS = 20_000;

/** A connection, and what is said over it as soon as it is open. */
export interface Wanted {
  readonly route: Route;
  readonly greeting?: Request;
}

/** Connections that are opened before a freeze, to be used while it lasts. */
export class WarmConnections {
  readonly #wanted: readonly Wanted[];
  readonly #open: { readonly route: Route; readonly connection: Connection }[] = [];
  #closed = false;

  /** @param wanted one for each connection; the same route may come more than once. */
  constructor(wanted: readonly Wanted[]) {
    this.#wanted = wanted;
  }

  /**
   * Opens what is not there, not there any more, or too old to be trusted. Throws a `UserError` that names the server
   * that cannot be reached.
   *
   * @param tries of each; for what others can stand in for, one is enough.
   */
  async warm(tries: number, signal: AbortSignal): Promise<void> {
    const cold = this.#open.filter((each) => !isWarm(each));
    for (const each of cold) {
      this.#open.splice(this.#open.indexOf(each), 1);
      each.connection.close();
    }
    const missing = this.#wanted.filter(({ route }, index) => this.#count(route) < this.#wantedUpTo(route, index));
    const opened = await Promise.allSettled(missing.map((each) => this.#openOne(each, tries, signal)));
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** One that is free; undefined when there is none, and none may be opened now. */
  free(route: Route): Connection | undefined {
    return this.#open.find((each) => keyOf(each.route) === keyOf(route) && each.connection.ready)?.connection;
  }

  /** For good: what is still being opened is closed as soon as it is there. */
  close(): void {
    this.#closed = true;
    for (const { connection } of this.#open.splice(0)) connection.close();
  }

  /** How many there shall be up to this one. */
  #wantedUpTo(route: Route, index: number): number {
    return this.#wanted.slice(0, index + 1).filter((each) => keyOf(each.route) === keyOf(route)).length;
  }

  #count(route: Route): number {
    return this.#open.filter((each) => keyOf(each.route) === keyOf(route)).length;
  }

  async #openOne(wanted: Wanted, tries: number, signal: AbortSignal): Promise<void> {
    const { route, greeting } = wanted;
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(OPEN_MS)]);
      let connection = await Connection.open(route, limit);
      if (greeting !== undefined) {
        // What is said to it is of no matter: a SAS may allow less than it asks for.
        await connection.greet(greeting, limit);
        // Who shuts the door after a refusal is not greeted twice.
        if (!connection.ready) connection = await Connection.open(route, limit);
      }
      if (this.#closed) connection.close();
      else this.#open.push({ route, connection });
    } catch (error) {
      if (tries <= 1 || signal.aborted || this.#closed) throw unreachable(route, error);
      await this.#openOne(wanted, tries - 1, signal);
    }
  }
}

const isWarm = ({ connection }: { readonly connection: Connection }): boolean =>
  connection.ready && performance.now() - connection.openedAtMs < COLD_MS;

const keyOf = ({ url, proxy }: Route): string => `${url.origin} ${proxy?.host}:${proxy?.port}`;

function unreachable({ url, proxy }: Route, cause: unknown): UserError {
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
  const why = timedOut ? `no connection within ${OPEN_MS / 1000} s` : redact(messageOf(cause));
  const by = proxy === undefined ? '' : ` by the proxy ${proxy.host}:${proxy.port}`;
  return new UserError('azure.unreachable', `${url.host} cannot be reached${by}: ${why}`, {
    remedy: 'See what is in the way: quiesced check, and which proxy is taken: quiesced proxy show',
    cause,
  });
}
