/**
 * The package of the VM extension under the real Azure Linux agent, in a test bed that lies beside the repository:
 * `../shared/fabric`. The same contract is put to the test without it in test/azure/handler.test.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { extensionName, extensionVersion } from '../../extensions/azure/identity.ts';
import { buildExtension } from '../../packaging/extension/build.ts';
import { packed, SECRET } from '../unit/extensions/azure/jobs.ts';

const RUN = join(process.env.QUIESCED_FABRIC ?? join(import.meta.dirname, '../../../shared/fabric'), 'run.sh');
const skip = existsSync(RUN) ? false : 'there is no ../shared/fabric beside this repository, nor QUIESCED_FABRIC';
const LIMIT_MS = 280_000;
const VERSIONS = ['0.1.1.0', '0.1.2.0'];
const NOTHING_LEFT = 'for at in /var/lib/quiesced /run/quiesced /etc/quiesced; do [ ! -e $at ] || exit 1; done';
/** Not the whole of it: the test bed prints the command. */
const NO_SECRET = `! grep -rlF '${SECRET.slice(0, 20)}' /var/lib/quiesced /run /var/log/azure /var/lib/waagent/Quiesced.*/status`;

interface Ended {
  readonly code: number | null;
  readonly printed: string;
  /** Every status of a job that the agent has uploaded, as its code. */
  readonly codes: readonly string[];
}

const folder = skip === false ? mkdtempSync(join(tmpdir(), 'quiesced-fabric-')) : '';
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const zip = skip === false ? await buildExtension(folder) : '';

/** Storage within the machine, since that of the fabric takes no snapshots: `PUT ?comp=snapshot`, and a status blob. */
const STORAGE = 'http://127.0.0.1:8099';
const SERVER = `require('node:http').createServer((request, response) => {
  const made = request.url.includes('comp=snapshot') ? { 'x-ms-snapshot': '2026-11-21T15:00:00.0000000Z' } : {};
  request.resume().on('end', () => response.writeHead(request.method === 'GET' ? 200 : 201,
    { 'x-ms-blob-type': 'BlockBlob', ...made }).end());
}).listen(8099, '127.0.0.1')`;

function secretsOf(storage: string): string {
  const sas = (blob: string) => `${storage}/${blob}?sv=2018-03-28&sig=${SECRET}`;
  return JSON.stringify({
    objectStr: packed({ blobSASUri: [sas('os'), sas('data0')] }),
    statusBlobUri: sas('status'),
    snapshotTaskToken: SECRET,
  });
}

const then = (...steps: readonly string[]): readonly string[] => steps.flatMap((step) => ['--then', step]);

const jobOf = (taskId: string): object => ({
  commandToExecute: 'snapshot',
  taskId,
  vmType: 'microsoft.compute/virtualmachines',
  objectStr: packed({ backupMetadata: [] }),
  customSettings: JSON.stringify({ takeSnapshotFrom: 'onlyGuest' }),
});

/** The machine of the fabric is no container, whatever the one is that it runs on. */
const SET_UP = `rm -f /.dockerenv /run/.containerenv
setsid ${process.execPath} -e '${SERVER.replaceAll("'", '"')}' </dev/null >/dev/null 2>&1 &
`;

const leaksIn = (logs: string): readonly string[] =>
  (existsSync(logs) ? readdirSync(logs, { recursive: true, withFileTypes: true }) : [])
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path, 'latin1').includes(SECRET));

t.test('install, settings, update, automatic update, restart, uninstall', { skip, timeout: LIMIT_MS }, async (t) => {
  const { code, printed, codes } = await run(t, jobOf('task-1'), secretsOf(STORAGE), [
    ...['--data-disk', '/srv/data:ext4', '--data-disk', '/srv/more:xfs'],
    ...then(
      `settings=${JSON.stringify(jobOf('task-2'))}`,
      `update=${zip}@${VERSIONS[0]}`,
      `autoupdate=${zip}@${VERSIONS[1]}`,
    ),
    ...then('restart', 'exec=cat /var/lib/quiesced/history.jsonl', 'uninstall', `exec=${NOTHING_LEFT}`),
  ]);
  t.equal(code, 0, printed.slice(-2000));
  t.match(printed, /\\"frozen\\":\[\\"\/srv\/data\\",\\"\/srv\/more\\"\]/, 'both were frozen, and nothing else');
  t.ok(codes.includes('1'), 'file-system consistent: the agent has told the host so');
  t.match(printed, /\\"consistency\\":\\"file-system\\"/);
  t.notOk(printed.includes(SECRET));
});

t.test('fast-track, protected settings, a proxy', { skip, timeout: LIMIT_MS }, async (t) => {
  const { code, printed, codes } = await run(t, jobOf('task-3'), secretsOf('http://127.0.0.1:9'), [
    ...['--fast-track', '--proxy', '10.77.0.8:3128'],
    ...then('wait=25', `exec=${NO_SECRET}`, 'uninstall', `exec=${NOTHING_LEFT}`),
  ]);
  t.equal(code, 0, printed.slice(-2000));
  t.ok(codes.includes('76'), 'nobody is there');
  t.match(printed, /statusBlobUploadError/, 'the sealed address was opened');
  t.notOk(printed.includes(SECRET));
});

async function run(t: Test, open: object, secret: string, options: readonly string[]): Promise<Ended> {
  const out = mkdtempSync(join(folder, 'out-'));
  const setUp = join(out, 'set-up.sh');
  writeFileSync(setUp, SET_UP, { mode: 0o755 });
  const given = [zip, extensionName('linux'), extensionVersion(), JSON.stringify(open), secret];
  const child = spawn(RUN, [...given, ...options, '--setup', setUp, '--out', out], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
  const [code, printed] = await endOf(child);
  const history = join(out, 'status-history.jsonl');
  const codes = [...(existsSync(history) ? readFileSync(history, 'utf8') : '').matchAll(/"code": ?"(\d+)"/g)];
  t.strictSame(leaksIn(join(out, 'var-log-azure')), [], 'no log holds a secret');
  return { code, printed, codes: codes.map(([, number = '']) => number) };
}

function endOf(child: ChildProcess): Promise<readonly [code: number | null, printed: string]> {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const { promise, resolve } = Promise.withResolvers<readonly [number | null, string]>();
  child.on('close', (code) => resolve([code, printed]));
  return promise;
}
