import type { Check } from './check.ts';
import { noShadowCopyFailed } from './windows-events.ts';
import { shadowsHaveRoom } from './windows-shadows.ts';
import { unseenVssChecks } from './windows-unseen.ts';
import { extensionIsNotTuned, logChainIsKept, noOtherProvider, vssCanStart } from './windows-vss.ts';
import { writersAreStable, writersAreThere } from './windows-writers.ts';

/** Everything about VSS, which makes the snapshots of Windows. */
export const windowsChecks: readonly Check[] = [
  vssCanStart,
  writersAreStable,
  writersAreThere,
  noOtherProvider,
  shadowsHaveRoom,
  noShadowCopyFailed,
  extensionIsNotTuned,
  logChainIsKept,
  ...unseenVssChecks,
];
