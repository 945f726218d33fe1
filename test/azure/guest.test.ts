/** The guest's way against a storage that behaves as a test wants; what is right by the protocol is in azurite.test.ts. */
import t, { type Test } from 'tap';
import { makeCertificates } from './certificates.ts';
import { type Behaviour, startMock } from './mock.ts';
import { limit, take, takeAgain, takerOf, turns, until } from './rig.ts';

const certificates = makeCertificates();
const { ca } = certificates;
t.teardown(() => certificates.remove());

const done: Behaviour = ({ path }) => ({
  status: 201,
  headers: { 'x-ms-snapshot': `2026-11-21T15:00:00.000000${path.charCodeAt(6)}Z` },
});
const rate = { status: 409, body: '<Error><Message>The rate of snapshot blob calls is exceeded.</Message></Error>' };
const count = { status: 409, body: 'The snapshot count against this blob has been exceeded.' };

async function rig(t: Test, behaviour: Behaviour, disks = 4, greet?: Behaviour) {
  const storage = await startMock(behaviour, certificates, greet);
  t.teardown(() => storage.close());
  const blobSasUris = Array.from({ length: disks }, (_, index) => `${storage.origin}/vhds/${index}?sv=1&sig=SECRET%2B`);
  return { storage, blobSasUris, taker: await takerOf(t, { ca, job: { blobSasUris } }) };
}

t.test('all at once, each over a connection that was there before', async (t) => {
  const { storage, taker } = await rig(t, (request) => ({ ...(done(request) as object), status: 201, delayMs: 200 }));
  await taker.prepare(limit());
  // By TLS 1.3 the client is done before the server is.
  await until(() => storage.connections === 5);
  const before = storage.connections;
  t.equal(before, 5, 'one for each disk, and a spare one');
  t.strictSame(storage.received, [], 'nothing is asked before the freeze');
  const { error } = await takeAgain(taker);
  t.equal(error, undefined);
  t.equal(storage.connections, before, 'none is opened while frozen');
  t.equal(new Set(storage.received.map(({ connection }) => connection)).size, 4, 'none waits for another');
  for (const { method, path, headers } of storage.received) {
    t.equal(method, 'PUT');
    t.match(path, /^\/vhds\/\d\?sv=1&sig=SECRET%2B&comp=snapshot$/, 'the SAS goes out as it came in');
    t.match(headers, { 'content-length': '0', 'x-ms-meta-backuptaskid': 'task 1', host: new URL(storage.origin).host });
    t.notOk('x-ms-version' in headers || 'transfer-encoding' in headers);
  }
});

const PASSING: Readonly<Record<string, ReturnType<Behaviour>>> = {
  'the rate of snapshots': rate,
  '429': { status: 429 },
  '503': { status: 503, headers: { 'retry-after': '0' } },
  'a lost connection': 'reset',
  'an answer that breaks off': 'close',
};
for (const [name, reply] of Object.entries(PASSING)) {
  t.test(`${name}: tried again while frozen`, async (t) => {
    const { storage, taker } = await rig(t, (request) => (request.number === 2 ? reply : done(request)));
    const { error, report } = await take(taker);
    t.equal(error, undefined);
    t.equal(report.set?.failure, undefined);
    t.equal(storage.received.length, 5, 'one of them twice');
    t.equal(storage.connections, 5);
  });

  t.test(`${name}, for longer: tried again in another freeze, all of them`, async (t) => {
    const { storage, taker } = await rig(t, (request) => (request.path.includes('/3?') ? reply : done(request)));
    const first = await take(taker);
    t.match(first.error, { code: 'azure.not-taken', message: /^1 of 4 disks have no snapshot/ });
    t.equal(first.report.set?.failure, reply === rate ? 'rate' : 'some');
    t.ok(taker.again?.());
    const before = storage.received.length;
    storage.behave(done);
    const second = await takeAgain(taker);
    t.equal(second.error, undefined, 'over connections that were opened again after the thaw');
    t.equal(storage.received.length, before + 4, 'a set is of one moment');
  });
}

t.test('there is an end to it', async (t) => {
  const { taker } = await rig(t, () => rate, 1);
  t.equal((await take(taker)).report.set?.failure, 'rate');
  t.ok(taker.again?.());
  await takeAgain(taker);
  t.ok(taker.again?.());
  await takeAgain(taker);
  t.notOk(taker.again?.(), 'a third freeze is the last one');
});

t.test('a time that storage names is heeded: not within the freeze', async (t) => {
  const { storage, taker } = await rig(t, () => ({ ...rate, headers: { 'retry-after': '1' } }), 1);
  await take(taker);
  t.equal(storage.received.length, 1);
  t.ok(taker.again?.());
});

t.test('a disk that has as many snapshots as it may have', async (t) => {
  const { storage, taker } = await rig(t, ({ number }) => (number === 1 ? count : done({ path: '/vhds/1' } as never)));
  const { report } = await take(taker);
  t.equal(report.set?.failure, 'count');
  t.equal(storage.received.length, 4, 'it will have as many in a moment');
  t.notOk(taker.again?.());
});

const GREETED: Readonly<Record<string, ReturnType<Behaviour>>> = {
  'a SAS that does not allow to look': { status: 403, body: 'no' },
  'a server that shuts the door after a refusal': { status: 403, headers: { connection: 'close' } },
};
for (const [name, reply] of Object.entries(GREETED)) {
  t.test(name, async (t) => {
    const { storage, taker } = await rig(t, done, 2, () => reply);
    t.equal((await take(taker)).error, undefined);
    t.equal(storage.greetings.length, 3, 'each connection is greeted, once');
    t.match(storage.greetings[0], { path: '/vhds/0?sv=1&sig=SECRET%2B&comp=metadata' });
  });
}

t.test('a server that accepts and never answers is found out before the freeze', async (t) => {
  const { storage, taker } = await rig(t, done, 1, () => 'hang');
  const given = new AbortController();
  const preparing = taker.prepare(given.signal);
  await until(() => storage.greetings.length === 2);
  given.abort(new Error('it takes too long'));
  await t.rejects(preparing, { code: 'azure.unreachable' });
  t.strictSame(storage.received, []);
});

t.test('connections are of use more than once', async (t) => {
  const { storage, taker } = await rig(t, done, 2);
  await taker.prepare(limit());
  for (let times = 0; times < 5; times += 1) await taker.take(limit(), { faults: [] });
  t.equal(storage.received.length, 10);
  t.equal(storage.connections, 3);
});

t.test('success that names no snapshot is none', async (t) => {
  const { taker } = await rig(t, () => ({ status: 201 }), 1);
  t.match((await take(taker)).report.set, { failure: 'all', disks: [{ status: 201, error: /x-ms-snapshot/ }] });
});

t.test('storage that accepts and never answers: the end of the freeze is the end of it', async (t) => {
  const { storage, taker } = await rig(t, (request) => (request.path.includes('/2?') ? 'hang' : done(request)));
  await taker.prepare(limit());
  const frozen = new AbortController();
  const taking = takeAgain(taker, frozen.signal);
  await until(() => storage.received.length === 4 && storage.answered.length === 3);
  await turns();
  const lost = new Error('the deadline passed');
  frozen.abort(lost);
  const { error, report } = await taking;
  t.equal(error, lost);
  t.match(report.set, { failure: 'some', disks: [{}, {}, { successful: false, error: 'the deadline passed' }, {}] });
  t.notOk(taker.again?.(), 'it would use up another freeze');
});

t.test('a connection that went while the applications were quiesced', async (t) => {
  const { storage, taker } = await rig(t, done);
  await taker.prepare(limit());
  await until(() => storage.open === 5);
  storage.breakAll();
  await until(() => storage.open === 0);
  t.equal((await takeAgain(taker)).error, undefined);
  t.equal(storage.connections, 10, 'all are opened again before the freeze');
});

t.test('a connection that went after that, when nothing may be opened', async (t) => {
  const { storage, taker } = await rig(t, done, 2);
  await taker.prepare(limit());
  await until(() => storage.open === 3);
  storage.breakAll();
  await until(() => storage.open === 0);
  await t.rejects(taker.take(limit(), { faults: [] }), { message: /no connection was left/ });
  t.ok(taker.again?.());
  t.equal((await takeAgain(taker)).error, undefined);
});

t.test('a server that takes its leave of who has waited too long', async (t) => {
  const { storage, taker } = await rig(t, done, 1);
  await taker.prepare(limit());
  storage.sendToAll('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
  await turns();
  t.equal((await takeAgain(taker)).error, undefined, 'its answer is for no request of ours');
});

t.test('storage that cannot be reached: nothing is frozen', async (t) => {
  const { storage, taker } = await rig(t, done);
  await storage.close();
  const { error, report } = await take(taker);
  t.match(error, { code: 'azure.unreachable', message: /^127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/ });
  t.equal(report.set?.failure, 'all');
  t.equal(report.set?.disks.length, 4, 'each disk has its row');
  t.notMatch(`${error?.stack} ${JSON.stringify(report)}`, /SECRET/);
});

t.test('a job without disks, and one whose metadata is none', async (t) => {
  const none = await take(await takerOf(t, { ca, job: {} }));
  t.equal(none.report.set?.failure, 'no-disks');
  t.ok(none.error);
  const metadata = [{ key: 'x', value: 'a\r\nx-ms-delete: all' }];
  const { taker: _, blobSasUris } = await rig(t, done, 1);
  const bad = await take(await takerOf(t, { ca, job: { blobSasUris, metadata } }));
  t.match(bad.error, { code: 'azure.metadata' });
});

t.test('what is quoted of storage has no signature in it', async (t) => {
  const said = 'see https://a.example/?sv=1&sig=SECRET%2B&comp=snapshot';
  const { taker } = await rig(t, () => ({ status: 403, body: said, headers: { 'x-ms-snapshot': 'sig=SECRET' } }), 1);
  const { error, report } = await take(taker);
  t.match(report.set?.disks[0]?.error, /see https:\/\/a\.example/);
  t.notMatch(`${error?.stack} ${JSON.stringify(report)}`, /SECRET/);
});
