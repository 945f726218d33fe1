import { UserError } from '../errors.ts';
import type { System } from './system.ts';
import { silenceOf } from './waits.ts';

/**
 * Azure's Instance Metadata Service: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service.
 * Only what a check asks for is kept: tags, user data and keys of the answer are nobody's business in a report.
 */
export interface Imds {
  readonly name: string | undefined;
  readonly vmId: string | undefined;
  readonly location: string | undefined;
  /** `AzurePublicCloud`, `AzureUSGovernmentCloud`, `AzureChinaCloud`. */
  readonly environment: string | undefined;
  readonly vmSize: string | undefined;
  /** `TrustedLaunch`, `ConfidentialVM`; undefined for a standard machine. */
  readonly securityType: string | undefined;
  readonly encryptionAtHost: boolean;
  /** Marketplace plan: a restore fails when it has gone from the marketplace. */
  readonly plan: string | undefined;
  /** The disk of the operating system first. */
  readonly disks: readonly ImdsDisk[];
  readonly networkInterfaces: number;
  /** The host's clock minus ours, to the second: from the `Date` header. */
  readonly hostAheadMs: number | undefined;
}

export interface ImdsDisk {
  /** `undefined` for the disk of the operating system. */
  readonly lun: number | undefined;
  readonly sizeGb: number | undefined;
  /** `Premium_LRS`, `UltraSSD_LRS` … */
  readonly storageType: string | undefined;
  readonly managed: boolean;
  readonly writeAccelerator: boolean;
}

export const IMDS_ENDPOINT = 'http://169.254.169.254/metadata/instance?api-version=2021-02-01';

const TIMEOUT_MS = 2000;

/**
 * Asks the host about this machine, never through a proxy. Throws when it does not answer. Call it only on a machine
 * whose firmware says that it is Azure's: elsewhere the address belongs to somebody else, or to nobody.
 */
export async function askImds(system: System, endpoint = IMDS_ENDPOINT): Promise<Imds> {
  refuseInTests(system, endpoint);
  // Loaded on use only: it costs the idle daemon some megabytes.
  const { default: axios } = await import('axios');
  // Its own `timeout` does not cover a connection that is never accepted.
  const signal = silenceOf(TIMEOUT_MS);
  const asked = axios.get(endpoint, { headers: { Metadata: 'true' }, proxy: false, maxRedirects: 0, signal });
  const answer = await asked.catch((error) => Promise.reject(signal.aborted ? signal.reason : error));
  return imdsOf(answer.data, skewMs(answer.headers.date, system.clock.now()));
}

/** Throws when a test would leave loopback. A function of its own, so that testing it cannot send anything anywhere. */
export function refuseInTests(system: Pick<System, 'env'>, endpoint: string): void {
  if (system.env.QUIESCED_TEST !== '1' || isLoopback(endpoint)) return;
  throw new UserError('test.network', `QUIESCED_TEST=1 forbids asking ${new URL(endpoint).host}`, {
    remedy: 'Give the test an endpoint on loopback.',
  });
}

const isLoopback = (endpoint: string): boolean =>
  /^(127(\.\d+){3}|localhost|\[::1\])$/.test(new URL(endpoint).hostname);

const skewMs = (header: unknown, now: Date): number | undefined => {
  const hostMs = typeof header === 'string' ? Date.parse(header) : Number.NaN;
  return Number.isNaN(hostMs) ? undefined : hostMs - now.getTime();
};

/** Reads the answer leniently: another API version may leave out or add what it likes. */
export function imdsOf(answer: unknown, hostAheadMs?: number): Imds {
  const compute = part(answer, 'compute');
  const security = part(compute, 'securityProfile');
  const storage = part(compute, 'storageProfile');
  const osDisk = storage.osDisk;
  return {
    name: text(compute.name),
    vmId: text(compute.vmId),
    location: text(compute.location),
    environment: text(compute.azEnvironment),
    vmSize: text(compute.vmSize),
    securityType: text(security.securityType),
    encryptionAtHost: isTrue(security.encryptionAtHost),
    plan: text(part(compute, 'plan').name),
    disks: [...(osDisk === undefined ? [] : [osDisk]), ...list(storage.dataDisks)].map(diskOf),
    networkInterfaces: list(part(answer, 'network').interface).length,
    hostAheadMs,
  };
}

function diskOf(disk: unknown): ImdsDisk {
  const { lun, diskSizeGB, writeAcceleratorEnabled, managedDisk } = object(disk);
  return {
    lun: number(lun),
    sizeGb: number(diskSizeGB),
    storageType: text(object(managedDisk).storageAccountType),
    managed: text(object(managedDisk).id) !== undefined,
    writeAccelerator: isTrue(writeAcceleratorEnabled),
  };
}

const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const part = (value: unknown, key: string): Record<string, unknown> => object(object(value)[key]);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
/** Numbers and booleans arrive as strings. */
const number = (value: unknown): number | undefined =>
  (typeof value === 'string' && /^\d+$/.test(value)) || typeof value === 'number' ? Number(value) : undefined;
const isTrue = (value: unknown): boolean =>
  value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
