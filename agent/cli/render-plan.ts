import type { SnapshotPlan } from '../snapshot/plan.ts';
import { worthTelling } from '../snapshot/plan.ts';
import { wrap } from './help.ts';

/** What would be done, before anybody is asked to agree to it. */
export const renderPlan = (plan: SnapshotPlan, width: number): string => {
  const { freeze, scripts, warnings, left } = plan;
  const line = (text: string) => wrap(text, width - 4).map((each, index) => `  ${index === 0 ? '·' : ' '} ${each}`);
  return [
    'This will be done, and nothing copied:',
    ...scripts.scripts.flatMap(({ name, pre, post }) =>
      line(
        `script ${name}: ${[pre && `before: ${pre.path}`, post && `after: ${post.path}`].filter(Boolean).join(', ')}`,
      ),
    ),
    ...scripts.problems.flatMap(({ message }) => line(`not run: ${message}`)),
    ...freeze.groups.flatMap((group, index) =>
      line(`freeze, step ${index + 1}: ${group.map(({ mountPoint, type }) => `${mountPoint} (${type})`).join(', ')}`),
    ),
    ...(freeze.groups.length === 0
      ? line('no file system is frozen')
      : line(`thaw at once, after ${freeze.deadlineMs / 1000} s at the latest`)),
    ...worthTelling(left).flatMap(({ fileSystem, reason }) => line(`left alone: ${fileSystem.mountPoint} (${reason})`)),
    ...warnings.flatMap((warning) => line(`warning: ${warning}`)),
    '',
  ].join('\n');
};
