/** `quiesced repair` is killed at every call that changes a file; the next command settles it, and undo still works. */
import t from 'tap';
import { repairs } from '../../agent/repair/all.ts';
import { carryOutRepair, type RepairRequest, settleRepairs } from '../../agent/repair/change.ts';
import { localSystem } from '../../agent/system/local.ts';
import { MAIN, whyNot } from './check-rig.ts';
import { killedEverywhere } from './kill-sweep.ts';
import { PLANTED, plantFaults } from './repair-machine.ts';

/** Not fstab, whose disks are looked for on the machine that runs, which has none of them. */
const IDS = PLANTED.filter((id) => id !== 'boot.fstab');

const here = (root: string) => ({
  system: localSystem({ root, live: false, env: {} }),
  facts: { architecture: 'x86_64', systemd: false },
  self: [process.execPath, MAIN],
  backupUnderWay: async () => undefined,
});
const change = (request: RepairRequest) => (root: string) => carryOutRepair(here(root), request);
const REPAIR = change({ do: 'repair', repairs: repairs.filter(({ id }) => IDS.includes(id)) });
const UNDO = change({ do: 'undo', force: false });
const WAYS = { plant: plantFaults, settle: (root: string) => settleRepairs(here(root), 'test'), undo: UNDO };

const options = { skip: whyNot(), timeout: 400_000 };

t.test('repair', options, (t) =>
  killedEverywhere(t, {
    ...WAYS,
    prepare: async () => undefined,
    command: ['repair', ...IDS],
    again: REPAIR,
    every: 1,
  }),
);

t.test('undo', options, (t) =>
  killedEverywhere(t, { ...WAYS, prepare: REPAIR, command: ['repair', 'undo'], again: UNDO, every: 4 }),
);
