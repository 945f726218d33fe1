import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import { type Mounted, must, type Rig } from '../system/loop.ts';
import { until } from '../system/loop-observe.ts';
import type { Engine, Places } from './engine.ts';

const IMAGE_BYTES = 640e6;
const SNAPSHOT_MS = 600_000;

/** File systems of a database, and copies of their images. */
export interface Stage {
  readonly places: Places;
  readonly mounted: readonly Mounted[];
  /** A script that copies the images as they are now. */
  readonly copyScript: string;
  /** Takes a snapshot by the program, or copies without it. */
  snapshot(
    how: 'held' | 'not held' | 'nothing',
  ): Promise<{ readonly outcome: Outcome | undefined; readonly stderr: string }>;
  /** Mounts the copies elsewhere, for as long as it takes. */
  withCopy<T>(work: (places: Places) => Promise<T>): Promise<T>;
}

/** Sections of the configuration for a database that is held. */
export const section = (engine: Engine, places: Places): string =>
  `[quiescer ${engine.kind}]\n${engine.config(places)}`;

export async function prepareStage(rig: Rig, engine: Engine): Promise<Stage> {
  const images: string[] = [];
  const mounted: Mounted[] = [];
  for (let count = 0; count < engine.fileSystems; count += 1) {
    const image = join(rig.folder, `original${count}`);
    writeFileSync(image, '');
    truncateSync(image, IMAGE_BYTES);
    await must('mkfs.ext4', '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image);
    const one = await rig.mount('ext4', image);
    // Paths of the machine are looked up below the private root: there they are, too.
    const twin = join(rig.root, one.mountPoint);
    mkdirSync(twin, { recursive: true });
    await rig.mountBy('--bind', one.mountPoint, twin);
    images.push(image);
    mounted.push(one);
  }
  const [data, log] = mounted.map(({ mountPoint }) => mountPoint);
  const places: Places = { data: data ?? '', log, run: join(rig.folder, 'run-original') };
  const copies = images.map((_, index) => join(rig.folder, `copy${index}`));
  // Into a file of its own each time: a mount namespace of somebody else may still have the one before mounted.
  const copy = images.map((image, index) => `cp --remove-destination --sparse=always ${image} ${copies[index]}`);
  // One after the other, with time between them: they must fit together all the same.
  const copyAll = copy.join('\nsleep 0.2\n');
  const command = rig.put(
    'opt/copy',
    `#!/bin/sh\nread -r line || exit 1\n${copyAll}\necho '{"ok":true,"snapshot":"copy"}'\ncat >/dev/null\n`,
    0o700,
  );
  const crash = rig.put('opt/crash', `#!/bin/sh\n${copyAll}\n`, 0o700);
  const config = '[snapshot]\nfrozen-deadline = 60s\n';

  return {
    places,
    mounted,
    copyScript: crash,
    async snapshot(how) {
      rig.configure(how === 'held' ? `${config}${section(engine, places)}` : config);
      if (how === 'nothing') {
        await must('sh', crash);
        return { outcome: undefined, stderr: '' };
      }
      const only = mounted.flatMap(({ mountPoint }) => ['--mount', mountPoint]);
      const { json, stderr } = await rig.cli.start(['snapshot', '--json', ...only, '--', command], {
        limitMs: SNAPSHOT_MS,
      }).ended;
      return { outcome: json, stderr };
    },
    async withCopy(work) {
      const points: string[] = [];
      try {
        for (const image of copies) {
          const point = rig.place();
          await must('mount', '-t', 'ext4', '-o', 'loop', image, point);
          points.push(point);
        }
        const [data, log] = points;
        const run = join(rig.folder, 'run-copy');
        rmSync(run, { recursive: true, force: true });
        const done = await work({ data: data ?? '', log, run });
        for (const point of points) await unmount(point);
        return done;
      } catch (error) {
        // A server that still runs keeps them busy, and what went wrong before that is what has to be told.
        for (const point of points) await must('umount', point).catch(() => undefined);
        throw error;
      }
    },
  };
}

/** Whoever was in it has been told to end, and may not be out of it yet. */
async function unmount(point: string): Promise<void> {
  const done = () =>
    must('umount', point).then(
      () => true,
      () => false,
    );
  if (!(await until(done))) throw new Error(`${point} stays busy`);
}
