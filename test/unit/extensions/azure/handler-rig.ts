import type { Test } from 'tap';
import { silentLog } from '../../../../agent/log.ts';
import type { Handler } from '../../../../extensions/azure/handler/handler.ts';
import { changeRecord, type JobRecord, readRecord, withJob } from '../../../../extensions/azure/handler/record.ts';
import { type FakeSystem, type FakeSystemOptions, fakeSystem } from '../../../fakes/system.ts';

export const FOLDER = '/var/lib/waagent/Quiesced.BackupLinux-0.1.0.0';

export interface HandlerRig {
  readonly system: FakeSystem;
  readonly handler: Handler;
  /** Puts it into the record as it is. */
  known(job: JobRecord): Promise<void>;
  jobs(): Promise<readonly JobRecord[]>;
  /** `N.status` as it stands; undefined where there is none. */
  status(sequence: number): Promise<string | undefined>;
}

/** A handler on a machine made of files, with settings that need no snapshot: `Install` of the task. */
export function handlerRig(
  t: Test,
  options: FakeSystemOptions & { readonly self?: readonly string[] } = {},
): HandlerRig {
  const settings = (taskId: string) =>
    JSON.stringify({
      runtimeSettings: [
        {
          handlerSettings: {
            publicSettings: { commandToExecute: 'Install', taskId, vmType: 'microsoft.compute/virtualMachines' },
            protectedSettings: null,
            protectedSettingsCertThumbprint: null,
          },
        },
      ],
    });
  const files = {
    '/run/x': '',
    '/var/lib/x': '',
    [`${FOLDER}/status/x`]: '',
    ...Object.fromEntries([1, 2, 3].map((number) => [`${FOLDER}/config/${number}.settings`, settings('task')])),
    ...options.files,
  };
  const system = fakeSystem({ ...options, files });
  t.teardown(system.cleanUp);
  const handler: Handler = {
    system,
    log: silentLog,
    environment: {
      folder: FOLDER,
      logFolder: '/l',
      configFolder: `${FOLDER}/config`,
      statusFolder: `${FOLDER}/status`,
      eventsFolder: undefined,
    },
    name: 'n',
    version: '0.1.0.0',
    self: options.self ?? ['/there/is/none'],
    quiesced: [],
  };
  return {
    system,
    handler,
    async known(job) {
      await changeRecord(system, '', (record) => withJob(record, job));
    },
    jobs: async () => (await readRecord(system, '')).jobs,
    status: (sequence) => system.readText(`${FOLDER}/status/${sequence}.status`),
  };
}
