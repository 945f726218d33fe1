import { UserError } from '../../../agent/errors.ts';
import { redact } from '../../../agent/redact.ts';
import type { Pair } from '../settings.ts';
import type { Answer, Request } from './connection.ts';
import type { DiskFault, DiskSnapshot } from './snapshot-set.ts';

/** One disk, as storage knows it. */
export interface Blob {
  /** With its SAS: secret. */
  readonly sasUri: URL;
  /** Without. */
  readonly uri: string;
  /** Complete before the freeze. */
  readonly request: Request;
  /** Harmless, for a connection that was just opened. */
  readonly greeting: Request;
}

/** What became of one request. */
export interface BlobResult {
  readonly disk: DiskSnapshot;
  readonly fault?: DiskFault;
  /** Storage names a time before which it will not do. */
  readonly againAfterMs?: number;
}

/** As Microsoft's extension asks for it: no x-ms-version, so that the version of the SAS counts, and no TTL. */
export function blobOf(sasUri: string, metadata: readonly Pair[]): Blob {
  const url = new URL(sasUri);
  const headers: Record<string, string> = { 'content-length': '0' };
  for (const { key, value } of metadata) headers[`x-ms-meta-${key}`] = value;
  const path = (comp: string) => `${url.pathname}${url.search}${url.search === '' ? '?' : '&'}comp=${comp}`;
  const request = { method: 'PUT', path: path('snapshot'), headers };
  return {
    sasUri: url,
    uri: uriOf(sasUri),
    request,
    greeting: { method: 'HEAD', path: path('metadata'), headers: {} },
  };
}

/** Without its SAS. */
export const uriOf = (sasUri: string): string => sasUri.replace(/[?#].*$/s, '');

/**
 * Throws a `UserError` (`azure.metadata`) that names the key of what no header can hold: RFC 9110, 5.5. Tabs and
 * letters beyond Latin-1 included, which no storage takes either.
 */
export function assertMetadata(metadata: readonly Pair[]): void {
  const bad = metadata.find(({ key, value }) => !/^[\w!#$%&'*+.^`|~-]+$/.test(key) || !/^[ -~\xa0-\xff]*$/.test(value));
  if (bad === undefined) return;
  throw new UserError('azure.metadata', `backupMetadata: ${JSON.stringify(bad.key)} cannot be a header of HTTP`, {
    remedy: 'Nothing to be done on this machine: the service must send names and values of plain text.',
  });
}

/** What storage says: https://learn.microsoft.com/rest/api/storageservices/snapshot-blob. */
export function readBlobAnswer(uri: string, { status, headers, body }: Answer): BlobResult {
  const id = headers['x-ms-snapshot'];
  const successful = status === 200 || status === 201;
  if (successful && typeof id === 'string' && id !== '') {
    const snapshotUri = redact(`${uri}?snapshot=${id}`);
    return { disk: { successful, blobUri: uri, snapshotUri, error: undefined, status } };
  }
  const said = redact(body.trim().slice(0, SAID)) || `storage answers ${status}`;
  const error = successful ? 'storage names no snapshot (x-ms-snapshot)' : said;
  const againAfterMs = retryAfterMs(headers['retry-after']);
  return {
    disk: { successful: false, blobUri: uri, snapshotUri: undefined, error, status },
    fault: successful ? 'other' : faultOf(status, `${headers['x-ms-error-code'] ?? ''} ${body}`),
    ...(againAfterMs === undefined ? {} : { againAfterMs }),
  };
}

/** No answer at all: in upstream's report this too is an entry. */
export const lostBlob = (uri: string, why: string): BlobResult => ({
  disk: { successful: false, blobUri: uri, snapshotUri: undefined, error: redact(why), status: undefined },
  fault: 'lost',
});

/** Enough for an error of storage and its details. */
const SAID = 2000;

/** By the words of the error, as upstream does, or by its code: storage has several for what it does too often. */
export function faultOf(status: number, text: string): DiskFault {
  if (/The snapshot count against this blob has been exceeded|SnapshotCountExceeded/i.test(text)) return 'count';
  if (/The rate of snapshot blob calls is exceeded|SnapshotOperationRateExceeded/i.test(text)) return 'rate';
  if ([409, 429, 500, 502, 503, 504].includes(status)) return 'busy';
  return 'other';
}

/** RFC 9110, 10.2.3: seconds. A date says more about two clocks than about a time to wait. */
export function retryAfterMs(header: string | readonly string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;
}
