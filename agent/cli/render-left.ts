import { type Left, NOT_NAMED } from '../freezer/selection.ts';
import { listed } from './wrap.ts';

/** A file system that is not frozen, as the outcome and the plan know it. */
export interface LeftAlone {
  readonly mountPoint: string;
  readonly type: string;
  readonly why: string;
  readonly reason: string;
}

export const leftAlone = ({ fileSystem: { mountPoint, type }, why, reason }: Left): LeftAlone => ({
  mountPoint,
  type,
  why,
  reason,
});

/** This many with the same reason are named one by one. */
const ONE_BY_ONE = 3;

/**
 * Those that are not frozen, each with its reason; those that lower the level first. Many with the same harmless reason
 * (the images of snaps, all that `--mount` did not name) are one line.
 */
export function tellLeft(
  left: readonly LeftAlone[],
  one: (names: string, reason: string, type?: string) => string,
): readonly string[] {
  const alone = ({ mountPoint, type, reason }: LeftAlone) => one(mountPoint, reason, type);
  const heavy = left.filter(({ why }) => why === 'unfreezable');
  const others = Map.groupBy(
    left.filter(({ why }) => why !== 'unfreezable'),
    ({ reason }) => reason,
  );
  const unnamed = others.get(NOT_NAMED)?.length ?? 0;
  others.delete(NOT_NAMED);
  return [
    ...heavy.map(alone),
    ...[...others].flatMap(([reason, those]) =>
      those.length <= ONE_BY_ONE ? those.map(alone) : [one(namesOf(those), reason)],
    ),
    ...(unnamed === 0 ? [] : [`${unnamed} ${unnamed === 1 ? 'other was' : 'others were'} ${NOT_NAMED}`]),
  ];
}

const namesOf = (those: readonly LeftAlone[]): string =>
  listed(
    those.map(({ mountPoint }) => mountPoint),
    ONE_BY_ONE - 1,
  );
