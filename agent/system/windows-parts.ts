import { securityOfPath } from './access-windows.ts';
import { physicalDrives } from './disk-start.ts';
import { windowsEnvelopes } from './envelope-windows.ts';
import { windowsLoad } from './load-windows.ts';
import { windowsPrograms } from './programs-windows.ts';
import { windowsRegistry } from './registry-windows.ts';
import { windowsServiceStates } from './service-states-windows.ts';
import type { System } from './system.ts';
import { windowsVolumes } from './windows-volumes.ts';

export { makeWindowsFolder } from './folder-windows.ts';
export { isElevated } from './token-windows.ts';

/** What only a Windows that runs can be asked. */
export const windowsParts = (): Required<
  Pick<System, 'registry' | 'services' | 'volumes' | 'disks' | 'load' | 'envelopes' | 'programs' | 'securityOf'>
> => ({
  registry: windowsRegistry(),
  services: windowsServiceStates(),
  volumes: windowsVolumes(),
  disks: physicalDrives,
  load: windowsLoad,
  envelopes: windowsEnvelopes,
  programs: windowsPrograms(),
  securityOf: async (path) => securityOfPath(path),
});
