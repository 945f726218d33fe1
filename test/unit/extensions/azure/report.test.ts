/** The documents against golden files, byte for byte, and against the schemas: reference VMSnapshotLinux §2. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { statusOf } from '../../../../agent/checks/vm-agent-extension.ts';
import { documentsOf, type ReportFacts } from '../../../../extensions/azure/handler/report.ts';
import { AT_WORK, type JobResult, runResult } from '../../../../extensions/azure/handler/result.ts';
import { disk, failedDisk, job, outcome, publicSettings, SAS, SECRET, set } from './jobs.ts';

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
for (const name of ['azure-settings', 'azure-status', 'azure-status-file']) {
  const file = join(import.meta.dirname, `../../../../docs/schema/${name}.schema.json`);
  ajv.addSchema(JSON.parse(readFileSync(file, 'utf8')));
}

function conforms(t: Test, name: string, value: unknown): void {
  const validate = ajv.getSchema(`${name}.schema.json`);
  t.ok(validate?.(value), `as ${name}.schema.json says`, { errors: validate?.errors });
}

const FACTS: ReportFacts = {
  handler: { name: 'Quiesced.BackupLinux', version: '0.1.0.0' },
  now: new Date('2026-11-21T16:00:00.123Z'),
  machineId: '4c4c4544-0000-2010-8020-80c04f202020',
  storage: { partitionCount: 2, totalUsedSizeInBytes: 5_368_709_120, isSizeComputationFailed: false },
  telemetry: [
    ['extErrorCode', 'success'],
    ['consistencyType', 'fileSystemConsistent'],
  ],
};

const report = (taken: ReturnType<typeof set>) => ({ set: taken, preSnapshotStatus: 200, doSnapshotStatus: undefined });
const done = (taken = set(), wishes = {}): JobResult => runResult(job(), outcome(wishes), report(taken));
const golden = (name: string): string => readFileSync(join(import.meta.dirname, 'golden', name), 'utf8').trimEnd();

t.test('a backup that came to its end: both documents, to the byte', async (t) => {
  const { file, blob } = documentsOf(job(), done(), FACTS);
  t.equal(blob, golden('success.blob.txt'));
  t.equal(file, golden('success.status.txt'));
  conforms(t, 'azure-status', JSON.parse(blob));
  conforms(t, 'azure-status-file', JSON.parse(file));
  conforms(t, 'azure-settings', publicSettings());
});

t.test('one that failed, and one that has begun', async (t) => {
  const failed = done(set('some', [disk('os'), failedDisk('data0', 'AuthorizationFailure')]), {
    consistency: 'none',
    reason: 'no snapshot was taken',
  });
  t.equal(documentsOf(job(), failed, FACTS).blob, golden('failed.blob.txt'));
  const { file } = documentsOf(job(), AT_WORK, { ...FACTS, telemetry: [] });
  t.equal(file, golden('at-work.status.txt'));
  t.match(JSON.parse(file), [{ status: { status: 'success', code: '4' } }], 'never the word transitioning');
});

t.test('the status tells the agent success for a machine of Resource Manager, and the truth within', async (t) => {
  const failed = done(set('all'), { consistency: 'none' });
  const told = (vmType: 'v2' | 'classic' | undefined) => {
    const { file } = documentsOf({ ...job(), vmType }, failed, FACTS);
    const [{ status }] = JSON.parse(file);
    return [status.status, JSON.parse(status.substatus[0].name)[0].status.status];
  };
  t.strictSame(told('v2'), ['success', 'error']);
  t.strictSame(told('classic'), ['error', 'error']);
  t.strictSame(told(undefined), ['error', 'error']);
  t.match(statusOf(documentsOf(job(), failed, FACTS).file), { code: 76 }, 'as our own check reads it');
});

t.test('DirectDrive has an identifier in the place of a URI', async (t) => {
  const directDrive = { createdMs: 1_700_000_000_000, id: 'dd-1', token: 'dd-token', instantAccessMinutes: 60 };
  const { blob } = documentsOf(job(), done(set(undefined, [disk('os', { directDrive })])), FACTS);
  conforms(t, 'azure-status', JSON.parse(blob));
  t.match(blob, /"DateTime":"\\\/Date\(1700000000000\)\\\/","OffsetMinutes":0/);
  t.match(JSON.parse(blob)[0].status.snapshotInfo, [
    { snapshotUri: null, directDriveSnapshotIdentifier: { id: 'dd-1' } },
  ]);
});

t.test('many disks and long errors: below 64 KiB, and every row is in the blob', async (t) => {
  const disks = Array.from({ length: 64 }, (_, at) => failedDisk(`data${at}`, `ü"\\${'x'.repeat(5000)}`));
  const result = { ...done(set('all', disks), { consistency: 'none' }), message: '"\\'.repeat(60_000) };
  const { file, blob } = documentsOf(job(), result, FACTS);
  t.ok(Buffer.byteLength(file) < 64 * 1024, `${Buffer.byteLength(file)} bytes`);
  t.equal(JSON.parse(blob)[0].status.snapshotInfo.length, 64);
  t.match(JSON.parse(file)[0].status.substatus[0], {
    name: /listed in the status blob/,
    formattedMessage: { lang: 'en-US' },
  });
  t.match(blob, /^[\n -~]*$/, 'ASCII alone');
  conforms(t, 'azure-status-file', JSON.parse(file));
});

t.test('no signature gets into either', async (t) => {
  const result = { ...done(set('all', [failedDisk('os', `refused: ${SAS}`)])), message: `cannot reach ${SAS}` };
  const { file, blob } = documentsOf(job(), result, { ...FACTS, telemetry: [['x', SAS]] });
  for (const text of [file, blob]) t.notOk(text.includes(SECRET));
});
