import { volumesHolding } from '../system/windows-volumes.ts';
import type { Evidence } from './outcome.ts';
import type { Taken } from './snapshot.ts';

type Held = Omit<Evidence, 'taken' | 'takeEndedAtMs'>;

/**
 * The evidence of a run once something was taken. What the taker has held by itself stands in the place of a freeze of
 * ours, and the applications that it has brought to rest count beside ours: the weakest decides.
 */
export function withHeld(evidence: Held, { taken, takeEndedAtMs, held, verified }: Omit<Taken, 'faults'>): Evidence {
  if (held === undefined) return { ...evidence, taken, takeEndedAtMs };
  return {
    ...evidence,
    taken,
    takeEndedAtMs,
    frozen: 'all',
    freezeLostAtMs: undefined,
    unfreezable: [],
    applications: together(evidence.applications, verified === true),
    unfrozenData: evidence.unfrozenData.filter((folder) => !isWithin(folder, held)),
  };
}

const together = (ours: Evidence['applications'], verified: boolean): Evidence['applications'] => {
  if (!verified) return 'failed';
  return ours === 'none' ? 'verified' : ours;
};

/** A folder that a volume is mounted at belongs to that one, and not to the one around it. */
function isWithin(folder: string, { volumes, left }: NonNullable<Taken['held']>): boolean {
  const mounted = [...volumes, ...left.map(({ mountPoint }) => mountPoint)];
  const nearest = volumesHolding(
    mounted.map((path) => ({ path })),
    [folder],
  );
  return nearest.some((path) => volumes.includes(path));
}
