import type { Check } from './check.ts';
import { somebodyMayLogIn, sshLetsIn } from './restore-access.ts';
import { daemonsOfHyperV, noPlanToLose, somebodyProvisions } from './restore-azure.ts';
import { kernelsHaveDrivers } from './restore-drivers.ts';
import { fstabLasts, swapElsewhere, volumeNames } from './restore-fstab.ts';
import { defaultKernelIsWhole } from './restore-kernel.ts';
import { loaderFindsRoot, mediaCanBeRead } from './restore-loader.ts';
import { namesAreNotKept, networkKnowsNoAdapter } from './restore-network.ts';
import { nothingIsHidden, serialConsole } from './restore-serial.ts';
import { remoteDesktopLetsIn, serialConsoleOfWindows } from './windows-boot.ts';
import { generationIsKnown } from './windows-disks.ts';
import { remoteDesktopIsLetIn } from './windows-firewall.ts';
import {
  clockIsUniversal,
  disksComeOnline,
  driversStartAtBoot,
  noVmwareTools,
  routesFitAnywhere,
  servicesOfNetworkStart,
} from './windows-restore.ts';
import { noVolumeIsDirty } from './windows-volumes.ts';

/** Whether a machine made of this one's disks would start, be reached, and be backed up again. */
export const restoreChecks: readonly Check[] = [
  kernelsHaveDrivers,
  defaultKernelIsWhole,
  loaderFindsRoot,
  fstabLasts,
  swapElsewhere,
  volumeNames,
  mediaCanBeRead,
  serialConsole,
  nothingIsHidden,
  networkKnowsNoAdapter,
  namesAreNotKept,
  sshLetsIn,
  somebodyMayLogIn,
  somebodyProvisions,
  daemonsOfHyperV,
  noPlanToLose,
  driversStartAtBoot,
  disksComeOnline,
  remoteDesktopLetsIn,
  remoteDesktopIsLetIn,
  servicesOfNetworkStart,
  routesFitAnywhere,
  serialConsoleOfWindows,
  clockIsUniversal,
  noVmwareTools,
  noVolumeIsDirty,
  generationIsKnown,
];
