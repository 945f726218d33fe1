/** The host's way, and who stands in for whom: a host and a storage on loopback that behave as a test wants. */
import t, { type Test } from 'tap';
import type { SnapshotOrigin } from '../../extensions/azure/settings.ts';
import { makeCertificates } from './certificates.ts';
import { type Behaviour, type Reply, startMock } from './mock.ts';
import { limit, type TakerWishes, take, takeAgain, takerOf, turns, until } from './rig.ts';

const certificates = makeCertificates();
const { ca } = certificates;
t.teardown(() => certificates.remove());

const READY: Reply = {
  status: 200,
  body: JSON.stringify({ responseTime: { year: 2026, month: 11, day: '21', hour: 15, minute: 0, second: 30 } }),
};
const disk = (isSuccessful: unknown, more: object = {}) => ({
  isSuccessful,
  snapshotUri: 'https://md-1.blob.example/vhds/os.vhd?snapshot=2026-11-21T15:00:00.0000000Z&sig=SECRET',
  errorMessage: null,
  statusCode: '200',
  ...more,
});
const info = (...snapshotInfo: readonly object[]): Reply => ({ status: 200, body: JSON.stringify({ snapshotInfo }) });
const ALL = info(disk('true'), disk('true'), disk('true'));
const blob: Behaviour = () => ({ status: 201, headers: { 'x-ms-snapshot': '2026-11-21T15:00:00.0000000Z' } });

interface Wishes {
  readonly from: SnapshotOrigin;
  readonly pre?: ReturnType<Behaviour>;
  readonly take?: ReturnType<Behaviour>;
  readonly storage?: Behaviour;
  readonly more?: Partial<TakerWishes>;
}

async function rig(t: Test, { from, pre = READY, take: taken = ALL, storage: behaviour = blob, more }: Wishes) {
  const host = await startMock(({ path }) => (path.startsWith('/presnapshot') ? pre : taken));
  const storage = await startMock(behaviour, certificates);
  t.teardown(() => Promise.all([host.close(), storage.close()]));
  const blobSasUris = [0, 1, 2].map((index) => `${storage.origin}/vhds/${index}?sv=1&sig=SECRET`);
  const job = { blobSasUris, takeSnapshotFrom: from, ...more?.job };
  const taker = await takerOf(t, { ca, hostUrl: `${host.origin}/`, ...more, job });
  return { host, storage, taker };
}

const asked = (mock: { readonly received: readonly { readonly path: string }[] }): readonly string[] =>
  mock.received.map(({ path }) => /^\/(\w+)/.exec(path)?.[1] ?? '');

t.test('one request for all disks, over a connection that was there before', async (t) => {
  const disks = { luns: [0, 4, -1], anyExcluded: true, encrypted: true, instantAccessMinutes: 120 };
  const pre = { ...READY, body: JSON.stringify({ isOsDiskADEEncrypted: 'true', DiskEncryptionSettings: '{"key":1}' }) };
  const { host, storage, taker } = await rig(t, { from: 'onlyHost', pre, more: { job: { disks } } });
  t.equal(taker.id, 'azure-host');
  await taker.prepare(limit());
  t.strictSame(asked(host), ['presnapshot']);
  await until(() => host.open >= 1);
  const { error, report, snapshot } = await takeAgain(taker);
  t.equal(error, undefined);
  const [announced, request] = host.received;
  t.match(announced, { method: 'POST', path: '/presnapshot?api-version=2017-12-01' });
  t.strictSame(JSON.parse(announced?.body ?? ''), {
    taskId: '0f0f0f0f-1111-2222-3333-444444444444',
    snapshotTaskToken: 'task-token',
    preSnapshotSettings: [{ Key: 'isVMADEEnabled', Value: true }],
  });
  t.match(request, { method: 'POST', path: '/dosnapshot?api-version=2017-12-01' });
  t.match(request?.headers, { backup: 'true', 'content-type': 'application/json', useragent: 'VMSnapshot' });
  t.strictSame(JSON.parse(request?.body ?? ''), {
    taskId: '0f0f0f0f-1111-2222-3333-444444444444',
    diskIds: [0, 4, -1],
    settings: [
      { Key: 'isSnapshotTtlEnabled', Value: true },
      { Key: 'isOsDiskADEEncrypted', Value: true },
    ],
    snapshotTaskToken: 'task-token',
    snapshotMetadata: [
      { Key: 'BackupTaskId', Value: 'task 1' },
      { Key: 'DiskEncryptionSettings', Value: '{"key":1}' },
    ],
    instantAccessDurationMinutes: 120,
  });
  t.match(report, { preSnapshotStatus: 200, doSnapshotStatus: 200, set: { by: 'host', failure: undefined } });
  t.match(report.set?.disks[0], {
    successful: true,
    snapshotUri: 'https://md-1.blob.example/vhds/os.vhd?snapshot=2026-11-21T15:00:00.0000000Z',
    blobUri: 'https://md-1.blob.example/vhds/os.vhd',
  });
  t.notMatch(JSON.stringify([report, snapshot]), /SECRET/);
  t.strictSame(storage.received, [], 'storage is not asked');
});

t.test('success by booleans, by strings, and a disk of the kind DirectDrive', async (t) => {
  const directDrive = disk(true, {
    snapshotUri: 'https://dd.example/disks/1/snapshots/2',
    ddSnapshotIdentifier: {
      creationTime: '2026-11-21T15:00:00Z',
      id: 'dd-1',
      token: 'x',
      instantAccessDurationMinutes: '5',
    },
  });
  const { taker } = await rig(t, { from: 'onlyHost', take: info(disk(true), disk('True'), directDrive) });
  const { error, report } = await take(taker);
  t.equal(error, undefined);
  t.match(report.set?.disks[2], {
    snapshotUri: undefined,
    blobUri: 'https://dd.example/disks/1',
    directDrive: { createdMs: Date.UTC(2026, 10, 21, 15), id: 'dd-1', token: 'x', instantAccessMinutes: 5 },
  });
});

interface Case {
  readonly take: ReturnType<Behaviour>;
  readonly failure: string;
  readonly status: number;
  readonly again?: true;
}
const FAILED: Readonly<Record<string, Case>> = {
  'some disks': { take: info(disk('true'), disk('false')), failure: 'some', status: 200 },
  'every disk, by booleans': { take: info(disk(false), disk(false)), failure: 'all', status: 200 },
  'a list of nothing': { take: info(), failure: 'all', status: 200 },
  'an answer of nothing': { take: { status: 200 }, failure: 'all', status: 557 },
  'an answer that is no JSON': { take: { status: 200, body: '<html>' }, failure: 'all', status: 200 },
  '500 with an error of its own': { take: { status: 500, body: '{ "error": "no" }' }, failure: 'all', status: 500 },
  '500 of somebody else': { take: { status: 500, body: 'Bad gateway' }, failure: 'host-broken', status: 556 },
  'a lost connection': { take: 'reset', failure: 'all', status: 555, again: true },
  '429': { take: { status: 429 }, failure: 'rate', status: 429, again: true },
  '503': { take: { status: 503, headers: { 'retry-after': '2' } }, failure: 'rate', status: 503, again: true },
  'a disk that is throttled': {
    take: info(disk('true'), disk('false', { errorMessage: 'The rate of snapshot blob calls is exceeded' })),
    failure: 'rate',
    status: 200,
  },
};
for (const [name, { take: taken, failure, status, again = false }] of Object.entries(FAILED)) {
  t.test(`the host alone: ${name}`, async (t) => {
    const { taker, storage } = await rig(t, { from: 'onlyHost', take: taken });
    const { snapshot, error, report } = await take(taker);
    t.equal(snapshot, undefined, 'less than all is nothing');
    t.match(error, { code: 'azure.not-taken' });
    t.match(report, { set: { by: 'host', failure }, doSnapshotStatus: status });
    t.equal(taker.again?.(), again);
    t.strictSame(storage.received, []);
  });
}

t.test('the host fails after it had announced: the guest takes the whole set in the same freeze', async (t) => {
  for (const taken of ['reset', { status: 500 }, info(disk('false'))] as const) {
    const { taker, storage, host } = await rig(t, { from: 'firstHostThenGuest', take: taken });
    const { error, report } = await take(taker);
    t.equal(error, undefined);
    t.match(report.set, { by: 'guest', failure: undefined, disks: [{}, {}, {}] });
    t.strictSame(asked(host), ['presnapshot', 'dosnapshot']);
    t.equal(storage.received.length, 3);
  }
});

t.test('the host has some disks: nobody adds to its set', async (t) => {
  const { taker, storage } = await rig(t, { from: 'firstHostThenGuest', take: info(disk('true'), disk('false')) });
  t.match((await take(taker)).report.set, { by: 'host', failure: 'some' });
  t.strictSame(storage.received, []);
  t.notOk(taker.again?.());
});

t.test('the host is not ready: the guest, and the host is not asked again', async (t) => {
  for (const pre of [{ status: 404 }, { status: 200 }, { status: 500, body: 'x' }, 'reset'] as const) {
    const { taker, host, storage } = await rig(t, { from: 'firstHostThenGuest', pre });
    t.match((await take(taker)).report, { set: { by: 'guest', failure: undefined }, doSnapshotStatus: undefined });
    t.strictSame(asked(host), ['presnapshot']);
    t.equal(storage.received.length, 3);
  }
});

t.test('the host hangs until the freeze is lost: the guest, in a freeze of its own', async (t) => {
  const { taker, host } = await rig(t, { from: 'firstHostThenGuest', take: 'hang' });
  await taker.prepare(limit());
  const frozen = new AbortController();
  const taking = takeAgain(taker, frozen.signal);
  await until(() => asked(host).includes('dosnapshot'));
  frozen.abort(new Error('the deadline passed'));
  t.ok(taker.again?.(), 'known at once');
  const { error, report } = await taking;
  t.match(error, { message: 'the deadline passed' });
  t.match(report, { set: { by: 'host', failure: 'all', said: 'the deadline passed' }, doSnapshotStatus: 555 });
  t.ok(taker.again?.());
  t.match((await takeAgain(taker)).report.set, { by: 'guest', failure: undefined });
});

t.test('the host alone hangs: there is no other freeze for it', async (t) => {
  const { taker, host } = await rig(t, { from: 'onlyHost', take: 'hang' });
  await taker.prepare(limit());
  const frozen = new AbortController();
  const taking = takeAgain(taker, frozen.signal);
  await until(() => asked(host).includes('dosnapshot'));
  frozen.abort(new Error('the deadline passed'));
  t.notOk(taker.again?.(), 'known at once: whoever asks may come before its answer');
  await taking;
  t.notOk(taker.again?.());
});

t.test('the guest hangs until the freeze is lost: the host, unless a disk has its snapshot by then', async (t) => {
  for (const some of [true, false]) {
    const storage: Behaviour = (request) => (some && request.path.includes('/0?') ? blob(request) : 'hang');
    const { taker, storage: mock } = await rig(t, { from: 'firstGuestThenHost', storage });
    await taker.prepare(limit());
    const frozen = new AbortController();
    const taking = takeAgain(taker, frozen.signal);
    await until(() => mock.received.length === 3);
    if (some) await until(() => mock.answered.length === 1);
    await turns();
    frozen.abort(new Error('the deadline passed'));
    const again = taker.again?.();
    await taking;
    t.equal(again, !some);
    t.equal(taker.again?.(), again, 'and it stays at that');
  }
});

t.test('the guest first: the host only if no disk at all has a snapshot', async (t) => {
  const none: Behaviour = () => ({ status: 403 });
  const all = await rig(t, { from: 'firstGuestThenHost', storage: none });
  t.equal(all.taker.id, 'azure-blob');
  t.match((await take(all.taker)).report.set, { by: 'host', failure: undefined });
  const some: Behaviour = (request) => (request.path.includes('/0?') ? blob(request) : { status: 403 });
  const part = await rig(t, { from: 'firstGuestThenHost', storage: some });
  t.match((await take(part.taker)).report.set, { by: 'guest', failure: 'some' });
  t.strictSame(asked(part.host), ['presnapshot']);
  const well = await rig(t, { from: 'firstGuestThenHost' });
  t.match((await take(well.taker)).report.set, { by: 'guest', failure: undefined });
});

t.test('the guest alone never has the host take a snapshot', async (t) => {
  const { taker, host } = await rig(t, { from: 'onlyGuest', storage: () => ({ status: 403 }) });
  t.match((await take(taker)).report.set, { by: 'guest', failure: 'all' });
  t.strictSame(asked(host), ['presnapshot'], 'whose clock alone it is asked for');
});

t.test('storage cannot be reached, which the host has no need of', async (t) => {
  for (const from of ['firstHostThenGuest', 'firstGuestThenHost'] as const) {
    const { taker, storage } = await rig(t, { from });
    await storage.close();
    t.match((await take(taker)).report.set, { by: 'host', failure: undefined });
  }
});

t.test('nobody can be reached: nothing is frozen, and the first of them says why', async (t) => {
  const { taker, storage, host } = await rig(t, { from: 'firstHostThenGuest' });
  await Promise.all([storage.close(), host.close()]);
  const { error, report } = await take(taker);
  t.match(error, { code: 'azure.host-not-ready', message: /does not answer$/ });
  t.match(report, { set: { by: 'host', failure: 'all' }, preSnapshotStatus: 555 });
});

t.test('the age of the job is judged by the clock of the host, before anything is held', async (t) => {
  const asked: string[] = [];
  const admit = (now: Date) => {
    asked.push(now.toISOString().slice(0, 18));
    if (asked.length > 1) throw new Error('too late');
  };
  const { taker, host } = await rig(t, { from: 'onlyHost', more: { admit } });
  const { error } = await take(taker);
  t.match(error, { message: 'too late' });
  t.strictSame(asked, ['2026-11-21T15:00:3', '2026-11-21T15:00:3'], 'and again before each freeze');
  t.strictSame(host.received.map(({ path }) => path).length, 1);
});

t.test('the host is never asked through a proxy', async (t) => {
  const env = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };
  const before = { ...process.env };
  Object.assign(process.env, env);
  t.teardown(() => {
    process.env = before;
  });
  const { taker } = await rig(t, { from: 'onlyHost', more: { env } });
  t.equal((await take(taker)).error, undefined);
});
