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

/** The Backup service's short names of regions: "Geo-code list" of Microsoft's page on its private endpoints (2025). */
const GEO_CODES: Readonly<Record<string, string>> = {
  australiaeast: 'ae',
  australiasoutheast: 'ase',
  brazilsouth: 'brs',
  canadacentral: 'cnc',
  canadaeast: 'cne',
  centralindia: 'inc',
  centralus: 'cus',
  eastasia: 'ea',
  eastus: 'eus',
  eastus2: 'eus2',
  francecentral: 'frc',
  germanywestcentral: 'gwc',
  japaneast: 'jpe',
  japanwest: 'jpw',
  koreacentral: 'krc',
  northcentralus: 'ncus',
  northeurope: 'ne',
  norwayeast: 'nwe',
  southcentralus: 'scus',
  southeastasia: 'sea',
  southindia: 'ins',
  switzerlandnorth: 'szn',
  uaenorth: 'uan',
  uksouth: 'uks',
  ukwest: 'ukw',
  westcentralus: 'wcus',
  westeurope: 'we',
  westus: 'wus',
  westus2: 'wus2',
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
