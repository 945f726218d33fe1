import { registryOf } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { info, pass, type Result } from './check.ts';
import { servicesOf } from './windows-services.ts';

/** Virus scanners by the service that they run as. */
const SCANNERS = {
  WinDefend: 'Microsoft Defender',
  CSFalconService: 'CrowdStrike Falcon',
  ds_agent: 'Trend Micro Deep Security',
  ntrtscan: 'Trend Micro Apex One',
  SAVService: 'Sophos',
  'Sophos Endpoint Defense Service': 'Sophos',
  SentinelAgent: 'SentinelOne',
  CbDefense: 'Carbon Black',
  mfemms: 'Trellix',
  ekrn: 'ESET',
  SepMasterService: 'Symantec Endpoint Protection',
} as const;
const DEFENDER = 'Microsoft Defender';
/** Names of values, of which each is a folder; policy and the settings of the machine. */
const EXCLUSIONS = ['SOFTWARE\\Policies\\Microsoft', 'SOFTWARE\\Microsoft'].map(
  (root) => `HKLM\\${root}\\Windows Defender\\Exclusions\\Paths`,
);
const PLUGINS = 'c:\\packages\\plugins\\microsoft.azure.recoveryservices.vmsnapshot';

/** Scanners that run here, and what Defender leaves alone; the others keep that to themselves. */
export async function gatherWindowsScanners(system: System): Promise<WindowsScanners> {
  const services = await servicesOf(system, Object.keys(SCANNERS) as (keyof typeof SCANNERS)[]);
  const running = Object.entries(services).filter(([, service]) => service?.state === 'running');
  const excluded = await Promise.all(EXCLUSIONS.map((key) => registryOf(system).names(key)));
  return {
    names: [...new Set(running.map(([name]) => SCANNERS[name as keyof typeof SCANNERS]))],
    excluded: excluded.flat(),
  };
}

export interface WindowsScanners {
  readonly names: readonly string[];
  /** Folders, as they were written down. */
  readonly excluded: readonly string[];
}

/** Whether a folder that is excluded, `C:\\Packages\\*`, holds those of the extension. A nameless value is no folder. */
function isAbove(path: string): boolean {
  const parts = path
    .toLowerCase()
    .split('\\')
    .filter((part) => part !== '' && part !== '*');
  const wanted = PLUGINS.split('\\');
  return parts.length > 0 && parts.every((part, at) => part === wanted[at]);
}

export function judgeWindowsScanners({ names, excluded }: WindowsScanners): Result {
  const spared = excluded.some(isAbove);
  const looking = names.filter((name) => name !== DEFENDER || !spared);
  if (looking.length === 0)
    return pass(names.length === 0 ? 'none is known to run here' : `${DEFENDER} leaves them alone`);
  return info(
    `${looking.join(', ')} runs here`,
    'Exclude C:\\Packages\\Plugins\\Microsoft.Azure.RecoveryServices.VMSnapshot and C:\\WindowsAzure\\Logs\\Plugins\\Microsoft.Azure.RecoveryServices.VMSnapshot from its scans.',
  );
}
