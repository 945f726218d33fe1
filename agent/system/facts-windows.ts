import { arch, cpus, hostname, release, totalmem, version } from 'node:os';
import { askHost, type Cloud, type Facts, type FactsOptions } from './facts.ts';
import { hypervisorOf } from './hypervisor.ts';
import type { System } from './system.ts';

const BIOS_KEY = 'HKLM\\HARDWARE\\DESCRIPTION\\System\\BIOS';
const SMBIOS_KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\mssmbios\\Data';
const QUERY_MS = 2000;

/** Azure's chassis asset tag in the raw firmware tables, as `reg query` prints bytes. Not yet seen on a real Windows. */
const AZURE_TAG_HEX = Buffer.from('7783-7084-3265-9085-8269-3286-77').toString('hex').toUpperCase();

/**
 * The same facts on Windows. From Node and the registry: systeminformation would start PowerShell for them, which takes
 * longer than everything else here and is absent under Wine.
 */
export async function gatherWindowsFacts(system: System, options: FactsOptions): Promise<Facts> {
  const [bios, smbios] = await Promise.all([query(system, BIOS_KEY), query(system, SMBIOS_KEY)]);
  const product = ['SystemManufacturer', 'SystemProductName'].map((name) => registryText(bios, name) ?? '').join('\n');
  return {
    platform: 'windows',
    hostname: hostname(),
    distribution: {
      id: 'windows',
      versionId: release(),
      variantId: undefined,
      prettyName: version(),
      idLike: [],
    },
    kernel: release(),
    architecture: arch() === 'x64' ? 'x86_64' : arch(),
    hypervisor: hypervisorOf({
      dmi: product.trim() === '' ? undefined : product,
      sysHypervisor: undefined,
      cpuFlag: undefined,
      clockSources: '',
      vmbus: false,
      deviceTree: undefined,
      kernel: undefined,
    }),
    cloud: await cloudOf(system, smbios.toUpperCase().includes(AZURE_TAG_HEX), options),
    firmware: undefined,
    memoryBytes: totalmem(),
    cpus: cpus().length,
    container: undefined,
    systemd: false,
  };
}

const cloudOf = async (system: System, tagged: boolean, options: FactsOptions): Promise<Cloud | undefined> =>
  tagged
    ? askHost(system, options)
    : options.cloud && { name: options.cloud, imds: undefined, imdsFault: 'not asked: no firmware tag' };

const query = async (system: System, key: string): Promise<string> =>
  (await system.run(['reg', 'query', key], { timeoutMs: QUERY_MS })).stdout;

/** `    SystemProductName    REG_SZ    Virtual Machine` */
const registryText = (output: string, name: string): string | undefined =>
  new RegExp(`^[ \\t]*${name}[ \\t]+REG_SZ[ \\t]+(.*)$`, 'm').exec(output)?.[1]?.trimEnd();
