import { UserError } from '../errors.ts';
import type { Freezer, PreparedFreeze } from './freezer.ts';

/**
 * Nothing is frozen on Windows by us: writes are held back within the commit of a shadow copy, for whoever makes that, and
 * no other program can ask for it. Who takes a snapshot from outside has its own requester do so.
 */
export const windowsFreezer: Freezer = {
  async prepare(plan) {
    // The plan names none there: see `readMountinfo`.
    if (plan.groups.length > 0) throw noFreezeOnWindows('it');
    return NOTHING_FROZEN;
  },
};

const NOTHING_FROZEN: PreparedFreeze = {
  freeze: async () => ({ fileSystems: [], steps: [], warnings: [] }),
  lost: new AbortController().signal,
  thaw: async () => ({ problems: [], frozenMs: 0, firstThawAtMs: undefined, steps: [] }),
  end: async () => undefined,
};

/** @param what was asked for: `hold`. */
export const noFreezeOnWindows = (what: string): UserError =>
  new UserError(
    'freeze.windows',
    `on Windows no file system can be frozen from outside a shadow copy: ${what} cannot`,
    {
      remedy: 'Hold scripts and applications alone: quiesced hold --no-freeze. See docs/windows.md',
    },
  );
