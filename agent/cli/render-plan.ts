import type { SnapshotPlan } from '../snapshot/plan.ts';
import { worthTelling } from '../snapshot/plan.ts';
import { leftAlone, tellLeft } from './render-left.ts';
import { bullet } from './wrap.ts';

/** What would be done, before anybody is asked to agree to it: every file system that will be frozen is named. */
export const renderPlan = ({ freeze, scripts, warnings, left }: SnapshotPlan, width: number): string => {
  const lines = [
    ...scripts.scripts.map(({ name, pre, post }) => {
      const paths = [pre && `before: ${pre.path}`, post && `after: ${post.path}`];
      return `script ${name}: ${paths.filter((path) => path !== undefined).join(', ')}`;
    }),
    ...scripts.problems.map(({ message }) => `not run: ${message}`),
    ...freeze.groups.map((group, index) => {
      return `freeze, step ${index + 1}: ${group.map(({ mountPoint, type }) => `${mountPoint} (${type})`).join(', ')}`;
    }),
    freeze.groups.length === 0
      ? 'no file system is frozen'
      : `thaw at once, after ${freeze.deadlineMs / 1000} s at the latest`,
    ...tellLeft(worthTelling(left).map(leftAlone), (names, reason) => `left alone: ${names} (${reason})`),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  return ['This will be done, and nothing copied:', ...lines.flatMap((line) => bullet(line, width)), ''].join('\n');
};
