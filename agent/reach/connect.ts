import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createConnection, isIP, type Socket } from 'node:net';
import { refuseInTests } from '../system/imds.ts';
import type { System } from '../system/system.ts';
import { rejectedBy } from '../system/waits.ts';
import { type Hop, hopText } from './endpoint.ts';
import { Stopped } from './fault.ts';

/** Of one address, where there are several; the last one may take what is left. */
const ATTEMPT_MS = 1000;

/**
 * The addresses of a name, as every program here finds them (/etc/hosts, resolved, DNS). By getent(1), which can be
 * ended: a resolver that does not answer holds a thread of ours for as long as it likes. Throws `Stopped`.
 */
export async function resolve(system: System, host: string, timeoutMs: number, signal: AbortSignal): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  if (system.platform === 'windows') return Promise.race([byNode(host), rejectedBy(signal)]);
  const { ended, exitCode, stdout } = await system.run(['getent', 'ahosts', host], { timeoutMs, signal });
  if (ended === 'not-found') return Promise.race([byNode(host), rejectedBy(signal)]);
  if (ended !== 'exited') throw new Stopped('dns.silent', 'no answer in time');
  const addresses = stdout.split('\n').flatMap((line) => line.split(/\s+/, 1).filter((word) => isIP(word) !== 0));
  if (exitCode !== 0 || addresses.length === 0) throw new Stopped('dns.unknown', 'no such name');
  return [...new Set(addresses)];
}

/** Where there is no getent. */
const byNode = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true })).map(({ address }) => address);

/** A connection to the first of the addresses that takes one. A test gets none that leaves loopback. */
export async function connect(
  system: Pick<System, 'env'>,
  addresses: readonly string[],
  { port }: Hop,
  signal: AbortSignal,
): Promise<Socket> {
  for (const host of addresses) refuseInTests(system, `http://${hopText({ host, port })}`);
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  const socket = createConnection({
    port,
    host: addresses[0] ?? '',
    lookup: (_host, _options, done) => done(null, found),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
  });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    // For what it may still say when nobody waits for it any more.
    socket.on('error', () => undefined).destroy();
    throw error;
  }
}
