import { arch, cpus, hostname, release, totalmem, version } from 'node:os';
import { askHost, type Cloud, type Facts, type FactsOptions } from './facts.ts';
import { hypervisorOf } from './hypervisor.ts';
import { registryNumber, registryText } from './registry.ts';
import { SMBIOS } from './smbios.ts';
import type { System } from './system.ts';

const BIOS_KEY = 'HKLM\\HARDWARE\\DESCRIPTION\\System\\BIOS';
/** 1 for a BIOS, 2 for UEFI; set by the boot loader. */
const FIRMWARE = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\PEFirmwareType';

/** Azure's chassis asset tag. Not yet seen on a real Windows. */
const AZURE_TAG_HEX = Buffer.from('7783-7084-3265-9085-8269-3286-77').toString('hex');

/** As `uname -m` would say it. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', ia32: 'i686' };

/**
 * The same facts on Windows. From Node and the registry: systeminformation would start PowerShell for them, which takes
 * longer than everything else here and is absent under Wine.
 */
export async function gatherWindowsFacts(system: System, options: FactsOptions): Promise<Facts> {
  const [maker, model, smbios, firmware] = await Promise.all([
    registryText(system, `${BIOS_KEY}\\SystemManufacturer`),
    registryText(system, `${BIOS_KEY}\\SystemProductName`),
    system.registry?.read(SMBIOS),
    registryNumber(system, FIRMWARE),
  ]);
  const product = [maker ?? '', model ?? ''].join('\n');
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
    architecture: ARCHITECTURES[arch()] ?? arch(),
    hypervisor: hypervisorOf({
      dmi: product.trim() === '' ? undefined : product,
      sysHypervisor: undefined,
      cpuFlag: undefined,
      clockSources: '',
      vmbus: false,
      deviceTree: undefined,
      kernel: undefined,
    }),
    cloud: await cloudOf(system, smbios?.type === 'binary' && smbios.data.includes(AZURE_TAG_HEX), options),
    firmware: firmware === 2 ? 'uefi' : firmware === 1 ? 'bios' : undefined,
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
