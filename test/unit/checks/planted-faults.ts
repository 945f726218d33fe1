import t from 'tap';
import { changed, HEALTHY } from './healthy-machine.ts';
import { AGENT_FAULTS } from './planted-agent.ts';
import { BOOT_FAULTS } from './planted-boot.ts';
import { DATABASE_FAULTS } from './planted-databases.ts';
import { ADE_FAULTS, DISK_FAULTS, ENCRYPTION_FAULTS } from './planted-disks.ts';
import type { Fault } from './planted-fault.ts';
import { NETWORK_FAULTS, OS_FAULTS } from './planted-os.ts';
import { APP_FAULTS, OTHER_FAULTS, RESTORE_FAULTS } from './planted-others.ts';
import { PROXY_FAULTS } from './planted-proxy.ts';
import { differences, reportOf } from './planted-run.ts';
import { FILE_SYSTEM_FAULTS } from './planted-storage.ts';

/** By the file that tries them: a look at a whole machine takes a fifth of a second, and there are hundreds. */
export const FAULTS = {
  machine: [...OS_FAULTS, ...AGENT_FAULTS],
  network: [...NETWORK_FAULTS, ...PROXY_FAULTS, ...APP_FAULTS, ...DATABASE_FAULTS],
  storage: [...DISK_FAULTS, ...FILE_SYSTEM_FAULTS, ...ENCRYPTION_FAULTS, ...ADE_FAULTS],
  restore: [...RESTORE_FAULTS, ...BOOT_FAULTS, ...OTHER_FAULTS],
} as const satisfies Record<string, readonly Fault[]>;

/** Each is found by its check, and by no other. */
export async function testFaults(faults: readonly Fault[]): Promise<void> {
  const healthy = await reportOf(HEALTHY);
  // Much of the time is spent waiting, for deadlines or the disk.
  t.jobs = 3;
  for (const fault of faults) {
    t.test(`${fault.found}: ${fault.name}`, { buffered: true }, async (t) => {
      const report = await reportOf(changed(fault.plant));
      t.strictSame(differences(healthy, report), expected(fault));
      const finding = report.findings.find(({ id }) => id === fault.found);
      t.match(finding?.detail, fault.detail);
      if (fault.verdict !== 'info') t.ok(finding?.remedy, 'says what to do');
    });
  }
}

/** Exactly what must have changed; nothing else may. */
export function expected({
  found,
  verdict,
  hides = [],
  silences = [],
  also = [],
}: Omit<Fault, 'plant'>): readonly string[] {
  const consequences = [...hides.map((id) => `${id} skip by ${found}`), ...silences.map((id) => `${id} skip`)];
  return [`${found} ${verdict}`, ...also, ...consequences].toSorted();
}
