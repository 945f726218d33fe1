import { type Check, skip } from './check.ts';
import { SOURCES } from './limits.ts';

/**
 * Questions whose answer we have seen on no Windows, and found recorded nowhere: better no answer than one that was made
 * up. Each is a line of docs/windows-manual-test.md, and says what a person can look at meanwhile.
 */
const unseen = (why: string, command: string) => async () => skip(`${why}; look yourself: ${command}`);

const spacesDirect: Check = {
  id: 'vol.s2d',
  group: 'storage',
  title: 'Storage Spaces Direct is not in use',
  platforms: ['windows'],
  source: SOURCES.supportMatrix,
  run: unseen('only PowerShell tells, by objects that were not seen yet', 'powershell Get-ClusterStorageSpacesDirect'),
};

const storageReplica: Check = {
  id: 'vol.storage-replica',
  group: 'storage',
  title: 'Storage Replica is not in use',
  platforms: ['windows'],
  source: SOURCES.supportMatrix,
  run: unseen('only PowerShell tells, by objects that were not seen yet', 'powershell Get-SRGroup'),
};

const flushPressure: Check = {
  id: 'vss.io-pressure',
  group: 'windows',
  title: 'Writers can flush within the ten seconds that VSS gives',
  platforms: ['windows'],
  source: SOURCES.troubleshoot,
  run: unseen(
    'the names of performance counters are in the language of the system',
    'powershell Get-Counter "\\PhysicalDisk(_Total)\\Avg. Disk sec/Write"',
  ),
};

const fallback: Check = {
  id: 'vss.fallback',
  group: 'windows',
  title: 'The last recovery points are application-consistent',
  platforms: ['windows'],
  source: SOURCES.troubleshoot,
  run: unseen(
    'the vault alone tells, and the extension keeps its own log in a form that was not seen yet',
    'az backup recoverypoint list --resource-group GROUP --vault-name VAULT --container-name VM --item-name VM',
  ),
};

export const unseenStorageChecks: readonly Check[] = [spacesDirect, storageReplica];
export const unseenVssChecks: readonly Check[] = [flushPressure, fallback];
