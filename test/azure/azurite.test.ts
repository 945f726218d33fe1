/** The guest's snapshots over the real protocol: Azurite by HTTPS, with an authority of the test's own. */
import t from 'tap';
import { startAzurite } from './azurite.ts';
import { makeCertificates } from './certificates.ts';
import { take, takeAgain, takerOf } from './rig.ts';
import { openStorage, sasFor } from './storage.ts';

const certificates = makeCertificates();
const { ca } = certificates;
const azurite = await startAzurite(certificates);
t.teardown(async () => {
  await azurite.close();
  certificates.remove();
});
const storage = await openStorage(azurite.origin, ca);

t.test('each disk has its snapshot, with the metadata of the job', async (t) => {
  const names = ['os.vhd', 'data 0.vhd', 'data-1.vhd'];
  const disks = await Promise.all(
    names.map((name) => storage.makeDisk(encodeURIComponent(name), { own: 'stays behind' })),
  );
  const metadata = [
    { key: 'BackupTaskId', value: 'task 1' },
    { key: 'vmName', value: 'Büro' },
  ];
  const taker = await takerOf(t, { ca, job: { blobSasUris: disks.map((uri) => sasFor(uri)), metadata } });
  const { snapshot, error, report } = await take(taker);
  t.equal(error, undefined);
  t.equal(report.set?.failure, undefined);
  for (const [index, name] of names.entries()) {
    const [found, ...more] = await storage.snapshotsOf(encodeURIComponent(name));
    t.strictSame(more, [], 'one each');
    t.match(found?.metadata, { backuptaskid: 'task 1' });
    t.notOk('own' in (found?.metadata ?? {}), 'metadata of the disk is replaced, as the service expects it');
    const row = report.set?.disks[index];
    t.match(row, { successful: true, blobUri: disks[index], status: 201, error: undefined });
    t.equal(row?.snapshotUri, `${disks[index]}?snapshot=${found?.time}`);
    t.ok(snapshot?.includes(String(row?.snapshotUri)));
  }
  t.notMatch(JSON.stringify([snapshot, report]), /sig=/, 'and no signature in what is told');
});

t.test('a disk that Azure Disk Encryption has encrypted', async (t) => {
  const settings = '{"diskEncryptionKey":{"secretUrl":"https://vault.example/1"}}';
  const encrypted = await storage.makeDisk('encrypted.vhd', { DiskEncryptionSettings: settings });
  const plain = await storage.makeDisk('plain.vhd');
  const disks = { luns: [], anyExcluded: false, encrypted: true, instantAccessMinutes: undefined };
  const taker = await takerOf(t, { ca, job: { blobSasUris: [encrypted, plain].map((uri) => sasFor(uri)), disks } });
  t.equal((await take(taker)).error, undefined);
  const [[first], [second]] = [await storage.snapshotsOf('encrypted.vhd'), await storage.snapshotsOf('plain.vhd')];
  t.equal(first?.metadata.diskencryptionsettings, settings, 'what unlocks it stands on its snapshot');
  t.notOk('diskencryptionsettings' in (second?.metadata ?? {}));
});

const REFUSED: Readonly<Record<string, { readonly sas: (uri: string) => string; readonly status: number }>> = {
  expired: { sas: (uri) => sasFor(uri, { expiresInMs: -60_000 }), status: 403 },
  'read-only': { sas: (uri) => sasFor(uri, { permissions: 'r' }), status: 403 },
  wrong: { sas: (uri) => sasFor(uri).replace(/sig=[^&]{6}/, 'sig=AAAAAA'), status: 403 },
  'for another disk': { sas: (uri) => `${uri}?${sasFor(`${uri}x`).split('?')[1]}`, status: 403 },
};
for (const [name, { sas, status }] of Object.entries(REFUSED)) {
  t.test(`a SAS that is ${name}`, async (t) => {
    const disk = await storage.makeDisk('refused.vhd');
    const secret = new URL(sas(disk)).searchParams.get('sig') ?? '';
    const taker = await takerOf(t, { ca, job: { blobSasUris: [sas(disk)] } });
    const { error, report } = await take(taker);
    t.match(error, { code: 'azure.not-taken', message: /^1 of 1 disks have no snapshot: / });
    t.match(report.set, { failure: 'all', disks: [{ successful: false, status, snapshotUri: undefined }] });
    t.notOk(taker.again?.(), 'it would not do better in another freeze');
    const told = `${error?.stack} ${JSON.stringify(report)}`;
    t.notOk(told.includes(secret) || told.includes(encodeURIComponent(secret)), 'the signature is not told');
    t.strictSame(await storage.snapshotsOf('refused.vhd'), []);
  });
}

t.test('some of them cannot be had: that is no snapshot, and what there is stays for its owner', async (t) => {
  const [good, bad] = [await storage.makeDisk('good.vhd'), await storage.makeDisk('bad.vhd')];
  const taker = await takerOf(t, { ca, job: { blobSasUris: [sasFor(good), sasFor(bad, { permissions: 'r' })] } });
  const { snapshot, report } = await take(taker);
  t.equal(snapshot, undefined);
  t.match(report.set, { failure: 'some', disks: [{ successful: true }, { successful: false }] });
  t.equal((await storage.snapshotsOf('good.vhd')).length, 1);
  t.notOk(taker.again?.());
});

t.test('a disk that is not there any more', async (t) => {
  const taker = await takerOf(t, { ca, job: { blobSasUris: [sasFor(`${azurite.origin}/testaccount/vhds/gone.vhd`)] } });
  t.match((await take(taker)).report.set, { failure: 'all', disks: [{ status: 404, error: /BlobNotFound/ }] });
});

t.test('an authority that nobody here trusts: nothing is frozen for it', async (t) => {
  const disk = await storage.makeDisk('untrusted.vhd');
  const taker = await takerOf(t, { job: { blobSasUris: [sasFor(disk)] } });
  await t.rejects(taker.prepare(AbortSignal.timeout(30_000)), { code: 'azure.unreachable', message: /certificate/i });
  t.match(taker.report().set, { failure: 'all', disks: [{ successful: false, error: /certificate/i }] });
});

t.test('in another freeze', async (t) => {
  const disk = await storage.makeDisk('twice.vhd');
  const taker = await takerOf(t, { ca, job: { blobSasUris: [sasFor(disk)] } });
  t.equal((await take(taker)).error, undefined);
  t.equal((await takeAgain(taker)).error, undefined, 'over connections that are warm still');
  t.equal((await storage.snapshotsOf('twice.vhd')).length, 2);
});
