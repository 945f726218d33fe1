import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { http } from '../system/http.ts';
import type { System } from '../system/system.ts';
import { rejectedBy } from '../system/waits.ts';
import { connect, resolve } from './connect.ts';
import { type Endpoint, type Hop, hopOf } from './endpoint.ts';
import { faultOf, type ReachFault, type StepName, Stopped } from './fault.ts';
import { secure } from './secure.ts';
import { tunnel } from './tunnel.ts';

/** All of it together, whatever does not answer: with what Node itself needs, a test costs 5 s at most. */
export const REACH_MS = 4500;

export interface Way {
  /** As it is set somewhere; undefined: directly. */
  readonly proxy: string | undefined;
  readonly context: SecureContext;
  /** Aborted when the time is up. */
  readonly signal: AbortSignal;
}

/** How far we came. */
export interface Reached {
  readonly steps: readonly { readonly step: StepName; readonly ms: number }[];
  /** What stopped us; undefined: it answers. */
  readonly fault?: ReachFault;
  /** Who vouches for it, once TLS stands. */
  readonly issuer?: string;
  readonly privateIssuer?: boolean;
  /** Of HTTP, where it came so far. */
  readonly status?: number;
}

/**
 * Goes the whole way to an endpoint as a program would that takes this proxy, says how long each step took, and leaves
 * no connection behind. Never throws. Sends a GET of `/` without any credentials, no more.
 */
export async function reach(system: System, endpoint: Endpoint, way: Way): Promise<Reached> {
  const steps: { step: StepName; ms: number }[] = [];
  const seen: { issuer?: string; privateIssuer?: boolean; status?: number } = {};
  let current: StepName = 'resolve';
  const timed = async <T>(step: StepName, run: () => Promise<T>): Promise<T> => {
    current = step;
    const startMs = system.clock.monotonicMs();
    try {
      return await run();
    } finally {
      steps.push({ step, ms: Math.round(system.clock.monotonicMs() - startMs) });
    }
  };
  let socket: Socket | undefined;
  const { signal, context } = way;
  try {
    const url = new URL(endpoint.url);
    const first = way.proxy === undefined ? hopOf(url) : proxyHop(way.proxy);
    const addresses = await timed('resolve', () => resolve(system, first.host, REACH_MS, signal));
    const open = await timed('connect', () => connect(system, addresses, first, signal));
    socket = open.on('error', () => undefined);
    if (way.proxy !== undefined) await timed('tunnel', () => tunnel(open, hopOf(url), signal));
    if (url.protocol === 'https:') {
      const { socket: secured, ...whose } = await timed('tls', () => secure(open, hopOf(url).host, context, signal));
      socket = secured.on('error', () => undefined);
      Object.assign(seen, whose);
    }
    const through = socket;
    seen.status = await timed('http', () => ask(through, endpoint, signal));
    return { steps, ...seen };
  } catch (error) {
    return { steps, ...seen, fault: faultOf(current, error, signal.aborted) };
  } finally {
    socket?.destroy();
  }
}

/** One that has to be spoken to by TLS is none that the VM agent can use. */
function proxyHop(proxy: string): Hop {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  if (!URL.canParse(text)) throw new Stopped('proxy.address', 'it is no address');
  const url = new URL(text);
  if (url.protocol !== 'http:') throw new Stopped('proxy.address', `it is of ${url.protocol.slice(0, 10)}//`);
  return hopOf(url);
}

/** The host's services say 200; of others any answer of their own proves the way, `400` and `403` too. */
async function ask(socket: Socket, { url, headers, purpose }: Endpoint, signal: AbortSignal): Promise<number> {
  const { host, pathname, search } = new URL(url);
  const answered = Promise.withResolvers<number>();
  const request = http
    .get({ path: `${pathname}${search}`, headers: { host, ...headers }, createConnection: () => socket })
    .on('response', ({ statusCode = 0 }) => answered.resolve(statusCode))
    .on('error', answered.reject);
  try {
    const status = await Promise.race([answered.promise, rejectedBy(signal)]);
    if (purpose === 'host' ? status !== 200 : status >= 500) throw new Stopped('http.status', `answers ${status}`);
    return status;
  } finally {
    request.destroy();
  }
}
