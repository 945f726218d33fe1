import { readDistribution } from '../../../agent/system/os-release.ts';
import { readableText } from '../../../agent/system/readable.ts';
import { registryText } from '../../../agent/system/registry.ts';
import type { System } from '../../../agent/system/system.ts';
import type { TakeReport } from '../takers/azure-taker.ts';
import { nameOfCode } from './codes.ts';
import { type Handler, machineIdOf } from './handler.ts';
import type { ReportFacts, StorageDetails, Telemetry } from './report.ts';
import type { JobResult, ReachedLevel } from './result.ts';

/** What only the run itself can tell. */
export interface RunFacts {
  readonly storage?: StorageDetails;
  readonly taken?: TakeReport;
  readonly frozenMs?: number;
  readonly takeMs?: number;
  /** Whether scripts are configured at all. */
  readonly scripts?: boolean;
  /** Whether the status blob could not be written. */
  readonly blobFailed?: boolean;
}

/** Before anything was measured. */
const UNMEASURED: StorageDetails = { partitionCount: 0, totalUsedSizeInBytes: 0, isSizeComputationFailed: false };

const LEVELS: Readonly<Record<ReachedLevel, string>> = {
  none: 'none',
  'file-system': 'fileSystemConsistent',
  application: 'applicationConsistent',
  crash: 'crashConsistent',
};

export async function gatherFacts(handler: Handler, result: JobResult, run: RunFacts = {}): Promise<ReportFacts> {
  const { system, name, version } = handler;
  return {
    handler: { name, version },
    now: system.clock.now(),
    machineId: await machineIdOf(system),
    storage: run.storage ?? UNMEASURED,
    telemetry: await telemetryOf(handler, result, run),
  };
}

/** By the names that upstream has for them; what does not exist here (Python, df) is left out. */
async function telemetryOf({ system, version }: Handler, result: JobResult, run: RunFacts): Promise<Telemetry> {
  const os = await (system.platform === 'windows' ? windowsOf(system) : linuxOf(system));
  const { set, preSnapshotStatus, doSnapshotStatus } = run.taken ?? {};
  const creator = set && { guest: 'guestExtension', host: 'backupHostService' }[set.by];
  const all: readonly (readonly [string, string | number | boolean | undefined])[] = [
    ['extensionVersion', version],
    ['osVersion', os.name],
    ['kernelVersion', os.kernel],
    ['platformArchitecture', os.architecture],
    ['extErrorCode', nameOfCode(result.healthCode)],
    ['consistencyType', LEVELS[result.consistency]],
    ['isPrePostEnabled', run.scripts],
    ['snapshotCreator', creator],
    ['hostStatusCodePreSnapshot', preSnapshotStatus],
    ['hostStatusCodeDoSnapshot', doSnapshotStatus],
    ['FreezeTime', seconds(run.frozenMs)],
    ['snapshotTimeTaken', seconds(run.takeMs)],
    ['statusBlobUploadError', run.blobFailed === true ? true : undefined],
  ];
  return all.flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as const]));
}

interface OperatingSystem {
  readonly name: string | undefined;
  readonly kernel: string | undefined;
  readonly architecture: string | undefined;
}

async function linuxOf(system: System): Promise<OperatingSystem> {
  const read = async (path: string) => (await readableText(system, path))?.trim();
  const [distribution, kernel, architecture] = await Promise.all([
    readDistribution(system),
    read('/proc/sys/kernel/osrelease'),
    read('/proc/sys/kernel/arch'),
  ]);
  return { name: distribution?.prettyName, kernel, architecture };
}

const CURRENT = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';
const ENVIRONMENT = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment';

async function windowsOf(system: System): Promise<OperatingSystem> {
  const [name, kernel, architecture] = await Promise.all([
    registryText(system, `${CURRENT}\\ProductName`),
    registryText(system, `${CURRENT}\\CurrentBuild`),
    registryText(system, `${ENVIRONMENT}\\PROCESSOR_ARCHITECTURE`),
  ]);
  return { name, kernel, architecture };
}

const seconds = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : (ms / 1000).toFixed(3));
