import type { Endpoint } from './endpoint.ts';

/** Clouds of Azure, by the name that quiesced has for them. The German one was closed in 2021. */
export type CloudName = 'public' | 'government' | 'china';

interface CloudNames {
  /** As the metadata service has it: `azEnvironment`. */
  readonly environment: string;
  readonly identity: string;
  /** Of the Backup service, behind the short name of a region. */
  readonly backup: string;
}

/**
 * Names that do not depend on the customer. Identity: Microsoft's "National clouds"; Backup: "Recover files from Azure
 * virtual machine backup", access requirements (learn.microsoft.com/azure/backup/backup-azure-restore-files-from-vm,
 * 2025).
 */
export const CLOUDS: Readonly<Record<CloudName, CloudNames>> = {
  public: {
    environment: 'AzurePublicCloud',
    identity: 'login.microsoftonline.com',
    backup: 'backup.windowsazure.com',
  },
  government: {
    environment: 'AzureUSGovernmentCloud',
    identity: 'login.microsoftonline.us',
    backup: 'backup.windowsazure.us',
  },
  china: {
    environment: 'AzureChinaCloud',
    identity: 'login.chinacloudapi.cn',
    backup: 'backup.windowsazure.cn',
  },
};

export const CLOUD_NAMES = Object.keys(CLOUDS) as readonly CloudName[];

/** By what the metadata service says; the public one where it says nothing. */
export const cloudOf = (environment: string | undefined): CloudName =>
  CLOUD_NAMES.find((name) => CLOUDS[name].environment === environment) ?? 'public';

/**
 * Microsoft's abbreviations of regions, which stand in names of the Backup service; compared with the list in one of its
 * published programs (2026-11). A region that is not here is not asked for.
 */
const GEO_CODES: Readonly<Record<string, string>> = {
  australiacentral: 'acl',
  australiaeast: 'ae',
  australiasoutheast: 'ase',
  brazilsouth: 'brs',
  brazilsoutheast: 'bse',
  canadacentral: 'cnc',
  canadaeast: 'cne',
  centralindia: 'inc',
  centralus: 'cus',
  chinaeast: 'sha',
  chinaeast2: 'sha2',
  chinaeast3: 'sha3',
  chinanorth: 'bjb',
  chinanorth2: 'bjb2',
  chinanorth3: 'bjb3',
  eastasia: 'ea',
  eastus: 'eus',
  eastus2: 'eus2',
  francecentral: 'frc',
  francesouth: 'frs',
  germanynorth: 'gn',
  germanywestcentral: 'gwc',
  italynorth: 'itn',
  japaneast: 'jpe',
  japanwest: 'jpw',
  koreacentral: 'krc',
  koreasouth: 'krs',
  northcentralus: 'ncus',
  northeurope: 'ne',
  norwayeast: 'nwe',
  norwaywest: 'nww',
  qatarcentral: 'qac',
  southafricanorth: 'san',
  southafricawest: 'saw',
  southcentralus: 'scus',
  southeastasia: 'sea',
  southindia: 'ins',
  swedencentral: 'sdc',
  switzerlandnorth: 'szn',
  switzerlandwest: 'szw',
  uaecentral: 'uac',
  uaenorth: 'uan',
  uksouth: 'uks',
  ukwest: 'ukw',
  usdodcentral: 'udc',
  usdodeast: 'ude',
  usgovarizona: 'uga',
  usgovtexas: 'ugt',
  usgovvirginia: 'ugv',
  westcentralus: 'wcus',
  westeurope: 'we',
  westindia: 'inw',
  westus: 'wus',
  westus2: 'wus2',
  westus3: 'wus3',
};

/** Identity, and the Backup service of the region where its short name is known. */
export function serviceEndpoints(cloud: CloudName, region: string | undefined): readonly Endpoint[] {
  const { identity, backup } = CLOUDS[cloud];
  const code = GEO_CODES[region ?? ''];
  return [
    { purpose: 'identity', url: `https://${identity}` },
    ...(code === undefined ? [] : [{ purpose: 'backup' as const, url: `https://pod01-rec2.${code}.${backup}` }]),
  ];
}
