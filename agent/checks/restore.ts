import type { Check } from './check.ts';
import { somebodyMayLogIn, sshLetsIn } from './restore-access.ts';
import { daemonsOfHyperV, noPlanToLose, somebodyProvisions } from './restore-azure.ts';
import { kernelsHaveDrivers } from './restore-drivers.ts';
import { fstabLasts, swapElsewhere, volumeNames } from './restore-fstab.ts';
import { defaultKernelIsWhole } from './restore-kernel.ts';
import { loaderFindsRoot, mediaCanBeRead } from './restore-loader.ts';
import { namesAreNotKept, networkKnowsNoAdapter } from './restore-network.ts';
import { nothingIsHidden, serialConsole } from './restore-serial.ts';

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
];
