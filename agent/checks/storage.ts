import type { Check } from './check.ts';
import { diskCountIsAllowed, diskSizeIsAllowed, disksTogetherAreAllowed } from './disks.ts';
import { allCanBeFrozen, noDuplicates, noLoopNesting, noTriggers, programsMayRun } from './filesystems.ts';
import { flushIsQuick } from './filesystems-dirty.ts';
import { nothingIsBroken } from './filesystems-errors.ts';
import { nothingIsFrozen } from './filesystems-frozen.ts';
import { networkMountsAnswer } from './filesystems-network.ts';
import { freezingIsQuick } from './filesystems-rehearsal.ts';
import { knobsAreRead } from './filesystems-skipped.ts';
import { thereAreInodes, thereIsSpace } from './filesystems-space.ts';
import { disksAreManaged, noNewerDisks, noWriteAccelerator } from './storage-azure.ts';
import { noSharedDisk } from './storage-shared.ts';
import { nothingOnTemporaryDisk } from './storage-temp.ts';
import { noZfs, volumesAreWhole } from './storage-volumes.ts';
import { noDynamicDisks, noStorageSpaces } from './windows-disks.ts';
import { unseenStorageChecks } from './windows-unseen.ts';
import { noDeduplication, reFsIsKnown } from './windows-volumes.ts';

/** Everything about disks, volumes and file systems. */
export const storageChecks: readonly Check[] = [
  diskCountIsAllowed,
  diskSizeIsAllowed,
  disksTogetherAreAllowed,
  noSharedDisk,
  noNewerDisks,
  noWriteAccelerator,
  disksAreManaged,
  nothingOnTemporaryDisk,
  noZfs,
  volumesAreWhole,
  allCanBeFrozen,
  noDuplicates,
  noLoopNesting,
  networkMountsAnswer,
  noTriggers,
  nothingIsFrozen,
  programsMayRun,
  thereIsSpace,
  thereAreInodes,
  nothingIsBroken,
  freezingIsQuick,
  flushIsQuick,
  knobsAreRead,
  noDynamicDisks,
  noStorageSpaces,
  ...unseenStorageChecks,
  reFsIsKnown,
  noDeduplication,
];
