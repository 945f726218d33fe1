import type { WindowsFault } from './windows-fault.ts';
import {
  disabled,
  dword,
  EVENT,
  running,
  SERVICES_KEY,
  SHADOW_STORAGE,
  sz,
  VSSADMIN,
  WEVTUTIL,
  WRITERS,
} from './windows-machine.ts';

const says = (writers: string, storage = SHADOW_STORAGE): WindowsFault['plant'] => ({
  programs: { [VSSADMIN]: async (argv) => ({ stdout: argv.includes('writers') ? writers : storage }) },
});
const sqlStable = WRITERS.replace(
  /(?=Writer name: 'WMI Writer')/,
  "Writer name: 'SqlServerWriter'\r\n   Writer Id: {a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}\r\n   Writer Instance Id: {a1f1e6e0-93d7-4f39-8d1f-1e6b7d5c4b3a}\r\n   State: [1] Stable\r\n   Last error: No error\r\n\r\n",
);

export const WINDOWS_VSS_FAULTS: readonly WindowsFault[] = [
  {
    name: 'VSS disabled',
    plant: { services: { VSS: disabled } },
    found: 'vss.service',
    verdict: 'fail',
    detail: /VSS is disabled/,
    hides: ['vss.writers', 'vss.writers-missing', 'vss.shadowstorage'],
  },
  {
    name: 'a writer that failed',
    plant: says(WRITERS.replace(/(WMI Writer[\s\S]*?State: )\[1\] Stable/, '$1[8] Failed')),
    found: 'vss.writers',
    verdict: 'fail',
    detail: /^failed: WMI Writer \[8\]$/,
  },
  {
    name: 'a writer that waits',
    plant: says(WRITERS.replace(/(System Writer[\s\S]*?State: )\[1\] Stable/, '$1[5] Waiting for completion')),
    found: 'vss.writers',
    verdict: 'warn',
    detail: /System Writer \[5\]/,
  },
  {
    name: 'a writer that is missing',
    plant: says(WRITERS.replace(/Writer name: 'Registry Writer'[\s\S]*?\r\n\r\n/, '')),
    found: 'vss.writers-missing',
    verdict: 'warn',
    detail: /Registry Writer/,
  },
  {
    name: 'SQL Server without its writer',
    plant: {
      services: { MSSQLSERVER: running },
      registry: {
        [`${SERVICES_KEY}\\MSSQLSERVER\\Start`]: dword(2),
        'HKLM\\SOFTWARE\\Microsoft\\BcdrAgent\\USEVSSCOPYBACKUP': sz('TRUE'),
      },
    },
    found: 'vss.writers-missing',
    verdict: 'warn',
    detail: /SqlServerWriter/,
    also: ['vss.regkeys info'],
  },
  {
    name: 'SQL Server, and full backups of the machine',
    plant: {
      services: { MSSQL$SALES: running },
      registry: { [`${SERVICES_KEY}\\MSSQL$SALES\\Start`]: dword(2) },
      ...says(sqlStable),
    },
    found: 'vss.sql-copyonly',
    verdict: 'warn',
    detail: /MSSQL\$SALES/,
  },
  {
    name: "somebody else's provider",
    plant: {
      registry: {
        [`${SERVICES_KEY}\\VSS\\Providers\\{3f900f90-00e9-440e-873a-96ca5eb079e5}\\`]: sz('NetApp'),
        [`${SERVICES_KEY}\\VSS\\Providers\\{3f900f90-00e9-440e-873a-96ca5eb079e5}\\Type`]: dword(3),
      },
    },
    found: 'vss.providers',
    verdict: 'warn',
    detail: /NetApp \(hardware\)/,
  },
  {
    name: 'little room for shadow copies',
    plant: says(WRITERS, SHADOW_STORAGE.replace('(10%)', '(1%)')),
    found: 'vss.shadowstorage',
    verdict: 'warn',
    detail: /C: 1 % at most/,
  },
  {
    name: 'an event of VSS',
    plant: {
      programs: {
        [WEVTUTIL]: async (argv) => ({
          stdout: argv.includes('System') && argv.some((a) => a.startsWith('/q:')) ? '' : EVENT,
        }),
      },
    },
    found: 'vss.events',
    verdict: 'warn',
    detail: /1 event since yesterday: Volsnap 33/,
  },
  {
    name: 'a setting of the extension',
    plant: { registry: { 'HKLM\\SOFTWARE\\Microsoft\\BcdrAgentPersistentKeys\\SnapshotWithoutThreads': dword(1) } },
    found: 'vss.regkeys',
    verdict: 'info',
    detail: /SnapshotWithoutThreads=1/,
  },
];
