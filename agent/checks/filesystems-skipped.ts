import { readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, type CheckContext, info, pass, type Result, warn } from './check.ts';
import { VMBACKUP_CONF } from './limits.ts';
import { gatherStorage, listed } from './storage-evidence.ts';
import { oddities, parseVmbackupConf, skippedMounts } from './vmbackup-conf.ts';
import { gatherWaagent } from './waagent.ts';

/** The extension's knobs, and where somebody put them. */
export interface KnobSigns {
  /** Text of the file that is read. */
  readonly conf: string | undefined;
  /** Files at the place that Microsoft's page shows, which nobody reads. */
  readonly misplaced: readonly string[];
  readonly mountPoints: readonly string[];
}

export const knobsAreRead: Check = {
  id: 'fs.mounts-to-skip',
  group: 'storage',
  title: 'The extension understands what it is to leave out',
  platforms: ['linux'],
  source: VMBACKUP_CONF.source,
  async run(system, context) {
    return judgeKnobs(await gatherKnobs(system, context));
  },
};

async function gatherKnobs(system: System, { evidence }: CheckContext): Promise<KnobSigns> {
  const [{ mounts }, { libDir }, conf] = await Promise.all([
    evidence(gatherStorage),
    evidence(gatherWaagent),
    readableText(system, VMBACKUP_CONF.path),
  ]);
  const extensions = (await readableList(system, libDir)).filter((name) => /\.VMSnapshotLinux-[\d.]+$/.test(name));
  const places = extensions.map((name) => `${libDir}/${name}/main/tempPlugin/vmbackup.conf`);
  const texts = await Promise.all(places.map((place) => readableText(system, place)));
  return {
    conf,
    misplaced: places.filter((_, at) => texts[at] !== undefined),
    mountPoints: [...new Set(mounts.map(({ mountPoint }) => mountPoint))],
  };
}

export function judgeKnobs({ conf, misplaced, mountPoints }: KnobSigns): Result {
  const { path } = VMBACKUP_CONF;
  const parsed = parseVmbackupConf(conf ?? '');
  const odd = conf === undefined ? [] : oddities(parsed, mountPoints);
  if (misplaced.length > 0) {
    return warn(
      `${listed([`${misplaced.at(-1)} is read by nobody`, ...odd])}`,
      `Put what it says into ${path}, which alone is read:\n$ install -m 600 ${misplaced.at(-1)} ${path}`,
    );
  }
  if (odd.length > 0) {
    return warn(
      `${path}: ${odd.slice(0, 5).join('; ')}`,
      'Write each mount point as it is mounted, without blanks:\n[SnapshotThread]\nMountsToSkip=/data/one,/data/two',
    );
  }
  if (conf === undefined) return pass('there is no vmbackup.conf');
  const skipped = skippedMounts(parsed, mountPoints);
  return skipped.length === 0
    ? pass(`${path} leaves nothing out`)
    : info(`${path}: the extension does not freeze ${listed(skipped)}`);
}
