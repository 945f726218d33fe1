import type { Config } from '../../../agent/config/schema.ts';
import { urlOf } from '../../../agent/proxy/settings.ts';
import { refuseInTests } from '../../../agent/system/imds.ts';
import type { System } from '../../../agent/system/system.ts';
import type { TakeJob } from './azure-taker.ts';
import { assertMetadata, blobOf } from './blob-snapshot.ts';
import type { Route } from './connection.ts';
import { encryptionMetadata } from './disk-encryption.ts';
import { GuestSnapshots } from './guest.ts';
import { storageProxy } from './storage-proxy.ts';
import { trustOf } from './trust.ts';

/**
 * What the guest needs to know before it can take its snapshots, none of it to be had while frozen: proxy, whom to
 * trust, how encrypted disks are encrypted. Nothing is connected yet. Throws a `UserError` for what cannot be had.
 *
 * @param ca instead of the authorities that this machine trusts; for tests.
 */
export async function openGuest(
  system: System,
  config: Pick<Config, 'proxy'>,
  job: TakeJob,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<GuestSnapshots> {
  assertMetadata(job.metadata);
  const proxyFor = await storageProxy(system, config);
  const secureContext = trustOf(ca);
  const routeOf = (url: URL): Route => {
    const proxy = proxyFor(url.hostname);
    refuseInTests(system, proxy === undefined ? url.origin : urlOf(proxy));
    return { url, secureContext, ...(proxy === undefined ? {} : { proxy }) };
  };
  const blobs = job.blobSasUris.map(async (sasUri) => {
    const url = new URL(sasUri);
    const encryption = job.disks.encrypted ? await encryptionMetadata(url, routeOf(url), signal) : [];
    return blobOf(sasUri, [...job.metadata, ...encryption]);
  });
  return new GuestSnapshots(await Promise.all(blobs), routeOf);
}
