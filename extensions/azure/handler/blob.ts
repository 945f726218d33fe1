import { loadConfig } from '../../../agent/config/load.ts';
import { refuseInTests } from '../../../agent/system/imds.ts';
import type { System } from '../../../agent/system/system.ts';
import { type Answer, Connection, type Request } from '../takers/connection.ts';
import { storageProxy } from '../takers/storage-proxy.ts';
import { trustOf } from '../takers/trust.ts';
import { replacedByTest } from './test-seam.ts';

const LIMIT_MS = 10_000;
const TRIES = 3;
/** A page, and what one request may write of them. */
const PAGE = 512;
const RANGE = 4 * 1024 * 1024;

/**
 * Replaces the text of a blob by its SAS: a block blob as a whole, a page blob page by page, with blanks behind the text.
 * Throws what the last of three tries met; no message has the signature in it.
 *
 * Not by axios: to storage it goes through the proxy that the snapshots go through, by a tunnel, which axios has none of.
 */
export async function writeBlob(system: System, sas: string, text: string): Promise<void> {
  refuseInTests(system, sas);
  for (let tried = 1; ; tried += 1) {
    try {
      // ASCII, since nothing says in which encoding it will be read.
      return await writeOnce(system, new URL(sas), Buffer.from(text.replace(/[^\n -~]/g, '?')));
    } catch (error) {
      if (tried === TRIES) throw error;
    }
  }
}

async function writeOnce(system: System, url: URL, text: Buffer): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const connection = await connect(system, url, signal);
  const ask = async (request: Omit<Request, 'path'>, query = ''): Promise<Answer> => {
    const path = `${url.pathname}${url.search}${query}`;
    const answer = await connection.send({ ...request, path }, signal);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new Error(`${url.origin}${url.pathname} answers ${answer.status} to ${request.method}${query}`);
  };
  try {
    // Not HEAD, for which a SAS of this service may not be enough.
    const { headers } = await ask({ method: 'GET', headers: {} });
    if (headers['x-ms-blob-type'] === 'BlockBlob') await writeBlock(ask, text);
    else await writePages(ask, text, Number(headers['content-length'] ?? 0));
  } finally {
    connection.close();
  }
}

type Ask = (request: Omit<Request, 'path'>, query?: string) => Promise<Answer>;

async function writeBlock(ask: Ask, text: Buffer): Promise<void> {
  const headers = { 'x-ms-blob-type': 'BlockBlob', 'content-length': String(text.length) };
  await ask({ method: 'PUT', headers, body: text.toString() });
}

async function writePages(ask: Ask, text: Buffer, sizeBytes: number): Promise<void> {
  const wanted = Math.ceil(text.length / PAGE) * PAGE;
  if (wanted > sizeBytes) {
    const headers = { 'x-ms-blob-content-length': String(wanted), 'content-length': '0' };
    await ask({ method: 'PUT', headers }, '&comp=properties');
  } else {
    const headers = { 'x-ms-page-write': 'clear', 'x-ms-range': range(0, sizeBytes), 'content-length': '0' };
    await ask({ method: 'PUT', headers }, '&comp=page');
  }
  const padded = Buffer.concat([text, Buffer.alloc(wanted - text.length, ' ')]);
  for (let at = 0; at < padded.length; at += RANGE) {
    const part = padded.subarray(at, at + RANGE);
    const headers = {
      'x-ms-page-write': 'update',
      'x-ms-range': range(at, part.length),
      'content-length': String(part.length),
    };
    await ask({ method: 'PUT', headers, body: part.toString('latin1') }, '&comp=page');
  }
}

const range = (at: number, length: number): string => `bytes=${at}-${at + length - 1}`;

/** A configuration that cannot be read has refused the snapshot already; the service must be told of that all the same. */
async function connect(system: System, url: URL, signal: AbortSignal): Promise<Connection> {
  const config = await loadConfig(system).then(
    (loaded) => loaded.config,
    async () => (await import('../../../agent/config/load.ts')).defaultConfig(system.platform),
  );
  const proxy = (await storageProxy(system, config))(url.hostname);
  const { ca } = replacedByTest(system.env).azure;
  const route = { url, ...(url.protocol === 'https:' ? { secureContext: trustOf(ca) } : {}) };
  return Connection.open({ ...route, ...(proxy === undefined ? {} : { proxy }) }, signal);
}
