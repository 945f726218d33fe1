import type { StatfsAnswer, Usage } from '../system/statfs.ts';
import { type Check, fail, pass, type Result, skip, warn } from './check.ts';
import { SPACE } from './limits.ts';
import { gatherUsage, listed, pasted } from './storage-evidence.ts';
import { systemDrive } from './windows-agent.ts';
import { gatherWindowsVolumes, judgeWindowsSpace } from './windows-volumes.ts';

/** Longer than one round of silent mounts and a late one after it. */
const TIMEOUT_MS = 8000;

export const thereIsSpace: Check = {
  id: 'fs.space',
  group: 'storage',
  title: 'There is space on every file system',
  source: SPACE.source,
  timeoutMs: TIMEOUT_MS,
  async run(system, { evidence }) {
    if (system.platform === 'windows') {
      return judgeWindowsSpace(await evidence(gatherWindowsVolumes), systemDrive(system));
    }
    return judgeSpace(await evidence(gatherUsage));
  },
};

interface Share {
  readonly path: string;
  readonly percent: number;
}

const sharesOf = (
  usages: ReadonlyMap<string, StatfsAnswer>,
  percentOf: (usage: Usage) => number | undefined,
): readonly Share[] =>
  [...usages].flatMap(([path, answer]) => {
    const percent = answer.state === 'answered' ? percentOf(answer.usage) : undefined;
    return percent === undefined ? [] : [{ path, percent }];
  });

/** As df(1) counts: what is kept for root is neither in use nor to be had, and the rest is rounded up. */
export const spacePercent = ({ blocks, freeBlocks, availableBlocks }: Usage): number | undefined => {
  const used = blocks - freeBlocks;
  return used + availableBlocks <= 0 ? undefined : Math.ceil((100 * used) / (used + availableBlocks));
};

export const inodePercent = ({ inodes, freeInodes }: Usage): number | undefined =>
  inodes === 0 ? undefined : Math.ceil((100 * (inodes - freeInodes)) / inodes);

const shown = ({ path, percent }: Share): string => `${path} ${percent} %`;

export function judgeSpace(usages: ReadonlyMap<string, StatfsAnswer>): Result {
  const shares = sharesOf(usages, spacePercent).toSorted((a, b) => b.percent - a.percent);
  const [fullest] = shares;
  if (fullest === undefined) return skip(whyNothing(usages));
  const tight = shares.filter(({ percent }) => percent >= SPACE.nearlyFull);
  if (tight.length === 0) return pass(`the fullest is ${fullest.path} with ${fullest.percent} %`);
  const vital: readonly string[] = SPACE.vital;
  const isFull = tight.some(({ path, percent }) => percent >= SPACE.full && vital.includes(path));
  const detail = `${listed(tight.map(shown))} full`;
  const remedy = `See what takes the space:\n${largestOn(tight)}`;
  return isFull ? fail(`${detail}: the agent cannot write there`, remedy) : warn(detail, remedy);
}

const largestOn = (shares: readonly Share[]): string =>
  shares
    .slice(0, 3)
    .map(({ path }) => `$ du --one-file-system --max-depth=2 --human-readable ${pasted(path)} | sort -h | tail`)
    .join('\n');

export const thereAreInodes: Check = {
  id: 'fs.inodes',
  group: 'storage',
  title: 'Every file system can take more files',
  platforms: ['linux'],
  source: SPACE.source,
  timeoutMs: TIMEOUT_MS,
  async run(_system, { evidence }) {
    return judgeInodes(await evidence(gatherUsage));
  },
};

export function judgeInodes(usages: ReadonlyMap<string, StatfsAnswer>): Result {
  const shares = sharesOf(usages, inodePercent).toSorted((a, b) => b.percent - a.percent);
  const [fullest] = shares;
  if (fullest === undefined) return skip(whyNothing(usages));
  const tight = shares.filter(({ percent }) => percent >= SPACE.inodes);
  if (tight.length === 0) return pass(`${fullest.path} has used the most inodes, ${fullest.percent} %`);
  return warn(
    `inodes in use: ${listed(tight.map(shown))}; a file system without a free one takes no new file, however much space it has`,
    `See which folder holds so many files:\n${tight
      .slice(0, 3)
      .map(({ path }) => `$ du --one-file-system --inodes --max-depth=2 ${pasted(path)} | sort -n | tail`)
      .join('\n')}`,
  );
}

const whyNothing = (usages: ReadonlyMap<string, StatfsAnswer>): string => {
  const reasons = [...usages.values()].flatMap((answer) => ('reason' in answer ? [answer.reason] : []));
  return reasons[0] ?? (usages.size === 0 ? 'there is no local file system to ask' : 'none answered');
};
