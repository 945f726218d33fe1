/** The control API, by raw sockets against a real server: whatever comes, it stays alive and answers the next one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../../../agent/control/client.ts';
import { checkRequest, holdRequest, snapshotRequest } from '../../../agent/control/requests.ts';
import { type Handlers, startServer } from '../../../agent/control/server.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const http = (method: string, path: string, body = '', more = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const BODIES = {
  check: '{"only":["fs.*","os.load"],"skip":["net.?"],"group":["storage"]}',
  snapshot: '{"rehearsal":true,"command":["/usr/bin/az","x"],"mounts":["/data"]}',
  hold: '{"kind":"freeze","freeze":true,"deadlineMs":5000,"mounts":["/data"]}',
};

const REQUESTS = [
  http('GET', '/v1/status'),
  http('GET', '/v1/status', '', 'Connection: keep-alive\r\nExpect: 100-continue\r\n'),
  http('POST', '/v1/checks', BODIES.check),
  http('POST', '/v1/snapshots', BODIES.snapshot),
  http('POST', '/v1/holds', BODIES.hold),
  http('DELETE', '/v1/holds/current') + http('GET', '/v1/history'),
  `POST /v1/checks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"onl\r\n9\r\ny":["a"]}\r\n0\r\n\r\n`,
];

const routes: Handlers['routes'] = {
  status: async () => ({ schema: 1 }),
  history: async () => ({ schema: 1, outcomes: [] }),
  check: async (body) => checkRequest(body),
  snapshot: async (body) => snapshotRequest(body),
  hold: async (body) => holdRequest(body),
  release: async () => ({ schema: 1 }),
};

let endpoint = '';
let tried = 0;

async function serve(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-fuzz-'));
  endpoint = join(folder, 'q.sock');
  const server = await startServer(endpoint, { routes, busy: () => undefined });
  return async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** All that came back until the server closed the connection. The end of what we send tells it that no more comes. */
function exchange(bytes: Buffer): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(endpoint);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  // It may hang up while we still talk.
  socket.on('error', () => undefined).on('close', () => resolve(text));
  socket.end(bytes);
  return promise;
}

/** 500 would be a bug of ours; Node's own refusals are 400, 408, 413 and 431. */
const KNOWN = ['100', '102', '200', '400', '404', '408', '409', '413', '417', '431'];

async function request(input: Buffer): Promise<void> {
  const answer = await exchange(input);
  const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status = '']) => status);
  mustHold(answer === '' || statuses.length > 0, 'what is answered is HTTP');
  mustHold(
    statuses.every((status) => KNOWN.includes(status)),
    `a status that is documented: ${statuses}`,
  );
  tried += 1;
  if (tried % 50 > 0) return;
  const good = await ask<{ readonly schema: number }>(endpoint, 'status', { silenceMs: 1500 });
  mustHold(good?.schema === 1, 'a good request is answered after all that');
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const controlTargets: readonly FuzzTarget[] = [
  { name: 'control-api', covers: ['control/client.ts ask'], samples: REQUESTS, prepare: serve, read: request },
  ...([checkRequest, snapshotRequest, holdRequest] as const).map((read) =>
    textTarget(`control-${read.name}`, [`control/requests.ts ${read.name}`], Object.values(BODIES), (text) => {
      const body = read(parsed(text));
      mustHold(!JSON.stringify(body).includes('\\u0000'), 'no text with a NUL is taken');
    }),
  ),
];
