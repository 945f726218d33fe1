import { createHmac } from 'node:crypto';
import { request } from 'node:https';
import { ACCOUNT, KEY } from './azurite.ts';

/** The owner of the account: makes disks and looks at what became of them. */
export interface Storage {
  /** A page blob of 1 MiB in the container `vhds`; without a SAS. */
  makeDisk(name: string, metadata?: Readonly<Record<string, string>>): Promise<string>;
  /** A block blob with a text. */
  makeText(name: string, text: string): Promise<string>;
  /** The snapshots that a blob has, by their time, with their metadata (keys in lower case). */
  snapshotsOf(name: string): Promise<readonly Snapshot[]>;
}

export interface Snapshot {
  readonly time: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SasWishes {
  /** `rwd` where none is given: what the backup service asks for. */
  readonly permissions?: string;
  readonly expiresInMs?: number;
}

const VERSION = '2019-12-12';
const HOUR_MS = 3_600_000;
const sign = (lines: readonly string[]): string =>
  createHmac('sha256', Buffer.from(KEY, 'base64')).update(lines.join('\n'), 'utf8').digest('base64');
const timeIn = (ms: number): string => `${new Date(Date.now() + ms).toISOString().slice(0, 19)}Z`;

/** A SAS for one blob: https://learn.microsoft.com/rest/api/storageservices/create-service-sas. */
export function sasFor(uri: string, { permissions = 'rwd', expiresInMs = HOUR_MS }: SasWishes = {}): string {
  const end = timeIn(expiresInMs);
  const resource = `/blob${decodeURIComponent(new URL(uri).pathname)}`;
  const signature = sign([permissions, '', end, resource, '', '', 'https', VERSION, 'b', '', '', '', '', '', '']);
  const query = new URLSearchParams({ sv: VERSION, sr: 'b', spr: 'https', se: end, sp: permissions, sig: signature });
  return `${uri}?${query}`;
}

export async function openStorage(origin: string, ca: string): Promise<Storage> {
  const base = `${origin}/${ACCOUNT}`;
  const end = timeIn(HOUR_MS);
  const signature = sign([ACCOUNT, 'rwdlac', 'b', 'sco', '', end, '', 'https', VERSION, '']);
  const sas = new URLSearchParams({
    sv: VERSION,
    ss: 'b',
    srt: 'sco',
    sp: 'rwdlac',
    se: end,
    spr: 'https',
    sig: signature,
  });
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body = '') => {
    const url = `${base}/${path}${path.includes('?') ? '&' : '?'}${sas}`;
    const answer = await exchange(url, ca, { method, headers: { 'x-ms-version': VERSION, ...headers }, body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return answer;
  };
  await ask('PUT', 'vhds?restype=container');
  return {
    async makeDisk(name, metadata = {}) {
      const named = Object.entries(metadata).map(([key, value]) => [`x-ms-meta-${key}`, value]);
      const headers = { 'x-ms-blob-type': 'PageBlob', 'x-ms-blob-content-length': String(1024 * 1024) };
      await ask('PUT', `vhds/${name}`, { ...headers, ...Object.fromEntries(named) });
      return `${base}/vhds/${name}`;
    },
    async makeText(name, text) {
      await ask('PUT', `vhds/${name}`, { 'x-ms-blob-type': 'BlockBlob' }, text);
      return `${base}/vhds/${name}`;
    },
    async snapshotsOf(name) {
      const { body } = await ask('GET', `vhds?restype=container&comp=list&include=snapshots,metadata&prefix=${name}`);
      return [...body.matchAll(/<Blob>.*?<\/Blob>/gs)].flatMap(([blob]) => {
        const [, time] = /<Snapshot>([^<]+)<\/Snapshot>/.exec(blob) ?? [];
        const [, all = ''] = /<Metadata>(.*?)<\/Metadata>/s.exec(blob) ?? [];
        const pairs = [...all.matchAll(/<([\w-]+)>([^<]*)<\/\1>/g)].map(([, key = '', value = '']) => [
          key.toLowerCase(),
          value,
        ]);
        return time === undefined ? [] : [{ time, metadata: Object.fromEntries(pairs) }];
      });
    },
  };
}

interface Asked {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function exchange(
  url: string,
  ca: string,
  { method, headers, body }: Asked,
): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const length = { 'content-length': String(Buffer.byteLength(body)) };
  const asking = request(url, { method, ca, agent: false, headers: { ...headers, ...length } }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
    answer.on('error', reject);
  });
  asking.on('error', reject);
  asking.end(body);
  return promise;
}
