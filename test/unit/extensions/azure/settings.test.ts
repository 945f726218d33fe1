import t from 'tap';
import { parseJob, readReportTo } from '../../../../extensions/azure/settings.ts';
import { job, packed, protectedSettings, publicSettings, SAS, SECRET, TASK } from './jobs.ts';

t.test('every key that the service sends, as a value with a type', async (t) => {
  t.match(job(), {
    command: 'snapshot',
    taskId: TASK,
    hostTaskId: TASK,
    vmType: 'v2',
    commandStartTicks: '638998992000000000',
    snapshotTaskToken: 'token-of-the-task',
    metadata: [{ key: 'policy', value: 'daily' }],
    blobSasUris: [SAS, SAS.replace('/os', '/data0')],
    statusBlobUri: SAS.replace('/os', '/status'),
    takeSnapshotFrom: 'onlyGuest',
    disks: { luns: [0, 1, -1], anyExcluded: false, encrypted: false },
    crashConsistentAllowed: false,
  });
  t.strictSame(job().hostSettings[0], { key: 'isSnapshotTtlEnabled', value: true });
});

t.test('who takes it: as asked, but for what only one of them can do', async (t) => {
  const from = (custom: object, includedDisks: object = {}) =>
    job({ custom, body: { includedDisks } }).takeSnapshotFrom;
  t.equal(from({ takeSnapshotFrom: 'firstGuestThenHost' }), 'firstGuestThenHost');
  t.equal(from({ takeSnapshotFrom: undefined }), 'firstHostThenGuest', 'the default of upstream');
  t.equal(from({ takeSnapshotFrom: 'somethingNew' }), 'firstHostThenGuest');
  t.equal(from({}, { isVmgsBlobIncluded: 'True' }), 'onlyHost');
  t.equal(from({ waDiskLunList: [3, 1] }, { dataDiskLunList: ['1'] }), 'onlyHost');
  t.equal(from({ waDiskLunList: [3] }, { dataDiskLunList: [1] }), 'onlyGuest');
  t.equal(from({ takeSnapshotFrom: 'onlyHost' }, { isAnyDiskExcluded: true }), 'onlyGuest', 'it cannot be told which');
});

t.test('public wins, what is absent may be null or empty, and texts mean what they say', async (t) => {
  const rest = {
    statusBlobUri: 'https://public.example/s?sig=x',
    logsBlobUri: '',
    locale: null,
    vmType: 'MICROSOFT.COMPUTE/virtualmachines',
  };
  const { statusBlobUri, logsBlobUri, vmType } = job({ rest });
  t.strictSame([statusBlobUri, logsBlobUri, vmType], [rest.statusBlobUri, SAS.replace('/os', '/log'), 'v2']);
  const custom = { canTakeCrashConsistentSnapshot: 'true', backupRetryCount: '2' };
  t.equal(job({ custom, body: { includedDisks: { isOSDiskIncluded: 'true' } } }).crashConsistentAllowed, true);
  const quoted = Buffer.from(`  '${JSON.stringify({ backupMetadata: [] })}' `).toString('base64');
  t.strictSame(job({ rest: { objectStr: quoted } }).metadata, []);
  t.match(parseJob({ commandToExecute: 'reINSTALL', vmType: 'microsoft.compute/virtualmachines' }), {
    job: { command: 'install' },
  });
});

t.test('what is wrong is told by its key, all of it, and never by its value', async (t) => {
  const { problems = [], job: none } = parseJob(
    publicSettings({
      body: { backupMetadata: [{ Value: SECRET }], includedDisks: { dataDiskLunList: [SECRET] } },
      rest: { taskId: SAS },
    }),
    { objectStr: packed({ blobSASUri: [SECRET, null, 7] }), snapshotTaskToken: [SECRET] },
  );
  t.equal(none, undefined);
  t.strictSame(problems.map(({ key }) => key).sort(), [
    'protectedSettings.objectStr.blobSASUri[0]',
    'protectedSettings.objectStr.blobSASUri[1]',
    'protectedSettings.objectStr.blobSASUri[2]',
    'protectedSettings.snapshotTaskToken',
    'publicSettings.objectStr.backupMetadata[0].Key',
    'publicSettings.objectStr.includedDisks.dataDiskLunList[0]',
    'publicSettings.taskId',
  ]);
  t.notOk(JSON.stringify(problems).includes(SECRET));
});

t.test('who is told is known whatever else is wrong', async (t) => {
  const { reportTo } = parseJob(publicSettings({ rest: { objectStr: 'x' } }), protectedSettings());
  t.match(reportTo, { taskId: TASK, vmType: 'v2', statusBlobUri: SAS.replace('/os', '/status') });
  t.match(readReportTo({ taskId: 4, vmType: 'x' }), { taskId: '', vmType: undefined, commandStartTicks: '' });
});
