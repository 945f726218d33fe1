/**
 * The other side of `bench:azure`, in a process of its own: a storage (HTTPS) and a host (HTTP) that take their time. On
 * stdin comes the latency in ms, each line answered by what was slow since the last one.
 *   azure-mock.ts FOLDER-OF-CERTIFICATES
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Mock, startMock } from '../azure/mock.ts';

const [folder = ''] = process.argv.slice(2);
const pem = (name: string): string => readFileSync(join(folder, `${name}.pem`), 'utf8');
const certificates = { cert: pem('cert'), key: pem('key') };
let delayMs = 0;

const storage = await startMock(
  () => ({ status: 201, headers: { 'x-ms-snapshot': '2026-11-21T15:00:00.0000000Z' }, delayMs }),
  certificates,
);
const host = await startMock(({ path, body }) => {
  if (path.startsWith('/presnapshot')) return { status: 200, body: '{}', delayMs };
  const { diskIds } = JSON.parse(body) as { diskIds: readonly number[] };
  const snapshotInfo = diskIds.map((lun) => ({ isSuccessful: 'true', snapshotUri: `https://md.example/${lun}` }));
  return { status: 200, body: JSON.stringify({ snapshotInfo }), delayMs };
});
say({ storage: storage.origin, host: host.origin });

const seen = new Map<Mock, number>();
for await (const line of createInterface({ input: process.stdin })) {
  const slowestMs = Math.max(0, ...[storage, host].flatMap(newlyTaken));
  delayMs = Number(line);
  say({ slowestMs });
}
await Promise.all([storage.close(), host.close()]);

/** What is asked for while nothing is frozen does not count. */
function newlyTaken(mock: Mock): readonly number[] {
  const fresh = mock.answered.slice(seen.get(mock) ?? 0);
  seen.set(mock, mock.answered.length);
  return fresh.filter(({ request }) => /comp=snapshot|dosnapshot/.test(request.path)).map(({ tookMs }) => tookMs);
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
