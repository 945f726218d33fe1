import type { VssWishes } from '../../../agent/takers/vss/vss.ts';
import { vssTaker } from '../../../agent/takers/vss/vss.ts';
import { DISKSHADOW, type FakeVss, fakeVss } from '../../fakes/vss.ts';
import { fakeWindows, type WindowsMachine } from '../../fakes/windows.ts';
import { volume } from '../checks/windows-machine.ts';

export const E_NAME = '\\\\?\\Volume{66a659a9-0000-0000-0000-602200000000}\\';
export const C = volume('C:\\');
export const DATA = volume('E:\\my data\\', { name: E_NAME });

const WISHES: VssWishes = { volumes: [], backupType: 'copy', keep: 1, required: false };
const GRACE_MS = 10_000;

/** A Windows Server with two volumes, whose shadow copies are made by that stand-in. */
export function windowsServer(vss: FakeVss, machine: Partial<WindowsMachine> = {}, place: { root?: string } = {}) {
  const server = fakeWindows(
    {
      registry: {},
      services: {},
      files: { [DISKSHADOW]: '' },
      agesMs: {},
      programs: vss.programs,
      volumes: [C, DATA],
      disks: [],
      security: {},
      processes: [],
      load: { busy: [], memory: 0 },
      ...machine,
    },
    place,
  );
  vss.system = server.system;
  return server;
}

/** The same, to be told what becomes of each shadow copy. */
export function vssRig(t: { teardown(last: () => void): unknown }, machine: Partial<WindowsMachine> = {}) {
  const vss: FakeVss = fakeVss();
  const { system, cleanUp } = windowsServer(vss, machine);
  t.teardown(cleanUp);
  /** What was on record, one after the other, with the number of sessions that had been begun by then. */
  const owed: { readonly what: unknown; readonly sessions: number }[] = [];
  const taker = (wishes: Partial<VssWishes> = {}, graceMs = GRACE_MS) => {
    const made = vssTaker(system, { ...WISHES, ...wishes }, graceMs);
    made.record?.(async (what) => void owed.push({ what, sessions: vss.told.length }));
    return made;
  };
  /** A run from its beginning to its end; the name of the snapshot. */
  const take = async (wishes: Partial<VssWishes> = {}, consistency = 'application') => {
    const one = taker(wishes);
    await one.prepare(never);
    const taken = await one.take(never, { faults: [] });
    await one.finish({ consistency, ...taken }, never);
    return taken.snapshot ?? '';
  };
  return { vss, system, owed, taker, take };
}

export const never = new AbortController().signal;
