import { contextFor, readAuthorities } from '../reach/authorities.ts';
import { type Diagnosis, diagnose, inspected } from '../reach/diagnosis.ts';
import { type Endpoint, hopOf, hopText } from '../reach/endpoint.ts';
import { REACH_MS, type Reached, reach } from '../reach/reach.ts';
import type { System } from '../system/system.ts';
import { silenceOf } from '../system/waits.ts';
import { bypasses } from './bypass.ts';
import type { Consumer } from './effective.ts';
import { shownValue } from './shown.ts';

/** One way to one endpoint, and who takes it. */
export interface Trial extends Reached {
  readonly purpose: Endpoint['purpose'];
  /** `account.blob.core.windows.net:443` */
  readonly endpoint: string;
  /** Fit to be shown; undefined: directly. */
  readonly proxy: string | undefined;
  readonly consumers: readonly Consumer['id'][];
  /** What is wrong with it, and who is to mend it. */
  readonly diagnosis?: Diagnosis;
}

/** The part of a consumer that decides its way. */
export type Traveller = Pick<Consumer, 'id' | 'proxy' | 'bypass'>;

/**
 * Goes to each endpoint on the way that each of the programs would take, all at once, each way once, `REACH_MS` at most
 * for all of it. To the host's own services always directly: for those there is no other way.
 */
export async function tryWays(
  system: System,
  travellers: readonly Traveller[],
  endpoints: readonly Endpoint[],
  timeoutMs = REACH_MS,
): Promise<readonly Trial[]> {
  const context = contextFor(await readAuthorities(system));
  const signal = silenceOf(timeoutMs);
  return Promise.all(
    waysTo(travellers, endpoints).map(async ({ endpoint, proxy, consumers }) => {
      const reached = await reach(system, endpoint, { proxy, context, signal });
      const names = { endpoint: hopText(hopOf(new URL(endpoint.url))), proxy: proxy && shownValue(proxy) };
      return { ...names, purpose: endpoint.purpose, consumers, ...reached, ...diagnosed(reached, endpoint, names) };
    }),
  );
}

/** Somebody's own endpoint may have somebody's own authority. */
function diagnosed(
  { fault, privateIssuer, issuer = '' }: Reached,
  { purpose }: Endpoint,
  names: { readonly endpoint: string; readonly proxy: string | undefined },
): { readonly diagnosis?: Diagnosis } {
  if (fault !== undefined) return { diagnosis: diagnose(fault, names) };
  return privateIssuer === true && purpose !== 'chosen' ? { diagnosis: inspected(names.endpoint, issuer) } : {};
}

interface WayTo {
  readonly endpoint: Endpoint;
  readonly proxy: string | undefined;
  readonly consumers: readonly Consumer['id'][];
}

/** Each different way once; a pure function. */
export function waysTo(travellers: readonly Traveller[], endpoints: readonly Endpoint[]): readonly WayTo[] {
  return endpoints.flatMap((endpoint) => {
    const { host } = hopOf(new URL(endpoint.url));
    const direct = (bypass: readonly string[]) => endpoint.purpose === 'host' || bypasses(bypass, host);
    const byWay = Map.groupBy(travellers, ({ proxy, bypass }) => (direct(bypass) ? undefined : proxy));
    return [...byWay].map(([proxy, those]) => ({ endpoint, proxy, consumers: those.map(({ id }) => id) }));
  });
}
