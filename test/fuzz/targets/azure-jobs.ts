/** What the VM agent leaves for the handler of the VM extension, and what the handler leaves for itself. */
import { openEnvelope } from '../../../extensions/azure/handler/envelope.ts';
import { parseEnvironment } from '../../../extensions/azure/handler/environment.ts';
import { parseRecord } from '../../../extensions/azure/handler/record.ts';
import { documentsOf, type ReportFacts } from '../../../extensions/azure/handler/report.ts';
import { AT_WORK, refusedResult } from '../../../extensions/azure/handler/result.ts';
import { parseSettings } from '../../../extensions/azure/handler/settings-file.ts';
import { parseJob } from '../../../extensions/azure/settings.ts';
import { protectedSettings, publicSettings, SECRET } from '../../unit/extensions/azure/jobs.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

// Outside of `agent/`, where readers without a target are looked for.
const NOT_LISTED: readonly string[] = [];

const FILE = JSON.stringify({
  runtimeSettings: [
    {
      handlerSettings: {
        publicSettings: publicSettings(),
        protectedSettings: 'AAAA',
        protectedSettingsCertThumbprint: '3E597872545519C2189D42525BA0599D7AE92449',
      },
    },
  ],
});
/** Both parts as they are once opened, so that the fuzzer gets behind the seal and into what is packed. */
const OPENED = JSON.stringify({
  open: {
    ...publicSettings(),
    objectStr: {
      backupMetadata: [{ Key: 'policy', Value: 'daily' }],
      includedDisks: { dataDiskLunList: [0, '1'], isOSDiskIncluded: 'true', isAnyDiskExcluded: true },
      dynamicConfigsFromCRP: [{ Key: 'isSnapshotTtlEnabled', Value: true }],
    },
    customSettings: { takeSnapshotFrom: 'onlyHost', waDiskLunList: [1], backupRetryCount: 1 },
  },
  secret: { ...protectedSettings(), objectStr: { blobSASUri: [`https://a.example/os?sig=${SECRET}`] } },
});
const ENVIRONMENT = JSON.stringify([
  { version: 1.0, handlerEnvironment: { logFolder: '/l', configFolder: '/c', statusFolder: '/s', eventsFolder: '/e' } },
]);
const RECORD = JSON.stringify({
  schema: 1,
  machineId: 'x',
  foundState: true,
  jobs: [{ sequence: 1, taskId: 'a', phase: 'ended', status: '[]' }],
});
/** By openssl cms, for a key that is not here. */
const ENVELOPE = [
  'MIIBJQYJKoZIhvcNAQcDoIIBFjCCARICAQAxgb4wgbsCAQAwJDAMMQowCAYDVQQDDAF4AhRM8sdWH4jAuDdh5485du9ZuGKBATAN',
  'BgkqhkiG9w0BAQEFAASBgB8MYjhqHyWvozRpgO2I6uas2Z6YUbFb9FfyGdPSZy4lnceFTfJrqMbcDoN3yEx6U4hm59Tg48IG+ij4',
  'TdAUEJApYQc5Tf67f56+oFylpwtNn9gRdqP+BkxNtyRHs/1ETVY35XencU223VSheSx13c41HN8Qbm8UeS34TuJsGNHXMEwGCSqG',
  'SIb3DQEHATAdBglghkgBZQMEASoEEDd9k1wNbtZW3qOa2Y+t4B+AICJ1ilbGv9DEX2rkkeYjgzys/IN8lTUUfJpGmeChXl0B',
].join('');

const FACTS: ReportFacts = {
  handler: { name: 'Quiesced.BackupLinux', version: '0.1.0.0' },
  now: new Date(0),
  machineId: '',
  storage: { partitionCount: 0, totalUsedSizeInBytes: 0, isSizeComputationFailed: false },
  telemetry: [],
};

export const azureJobTargets: readonly FuzzTarget[] = [
  textTarget('azure-settings-file', NOT_LISTED, [FILE, ''], (text) => {
    const { settings, problems = [] } = parseSettings(text, '0.settings');
    mustHold((settings === undefined) === problems.length > 0, 'a file is understood, or says why not');
  }),
  textTarget('azure-job', NOT_LISTED, [OPENED], (text) => {
    const { open, secret } = partsOf(text);
    const { job, problems = [], reportTo } = parseJob(open, secret);
    mustHold((job === undefined) === problems.length > 0, 'there is a job, or a reason why there is none');
    const { file, blob } = documentsOf(reportTo, job === undefined ? refusedResult(problems) : AT_WORK, FACTS);
    mustHold(Buffer.byteLength(file) < 64 * 1024, 'the status is one that the agent takes');
    mustHold(JSON.parse(JSON.parse(file)[0].status.substatus[0].name)[0].status.code !== '', 'it has a code');
    mustHold(![file, blob].some((each) => each.includes(SECRET)), 'no secret is in it');
  }),
  textTarget('azure-environment', NOT_LISTED, [ENVIRONMENT], (text) =>
    parseEnvironment(text, 'HandlerEnvironment.json'),
  ),
  textTarget('azure-record', NOT_LISTED, [RECORD], (text) => {
    for (const { sequence } of parseRecord(text)?.jobs ?? []) mustHold(Number.isSafeInteger(sequence), 'a number');
  }),
  {
    name: 'azure-envelope',
    covers: NOT_LISTED,
    samples: [Buffer.from(ENVELOPE, 'base64')],
    read: (input) => mustHold(openEnvelope(input.toString('base64'), '', '') === undefined, 'nobody can open it'),
  },
];

function partsOf(text: string): { readonly open: object; readonly secret: object } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { open: {}, secret: {} };
  }
  const part = (key: string): object => {
    const found: unknown = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : {};
    return typeof found === 'object' && found !== null ? found : {};
  };
  return { open: part('open'), secret: part('secret') };
}
