import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../../bench/command.ts';
import { cached, keyOf } from './cache.ts';
import { createCargo, fillCargo } from './cargo.ts';
import { programs, textOf } from './compile.ts';
import { baseImage, type Image } from './image.ts';
import { installSection, runAsWritten } from './install-section.ts';
import { boot, type Machine, start } from './machine.ts';
import { packageFile } from './package-file.ts';
import { type Disk, type Extra, MOUNTS, PLAIN } from './recipe.ts';

/** A machine in the middle of its life, from which any number of others go on. */
export interface State {
  readonly name: 'bare' | 'ready';
  readonly image: Image;
  readonly disks: Readonly<Record<Disk, string>>;
  /** Of the same size in every state, so that another one can be put in. */
  readonly cargo: string;
}

/** Booted; nothing of ours is installed. The package is in the cargo. */
export async function bareState(say: (line: string) => void, extra: Extra = PLAIN): Promise<State> {
  const image = await baseImage(say, extra);
  const folder = await cached('bare', keyOf([image.folder]), async (folder) => {
    say('booting it once, to go on from there: half a minute');
    const disks = await overlaysOf(image.disks, folder);
    const cargo = join(folder, 'cargo.img');
    await createCargo(cargo, []);
    await saved('bare', await boot(image, { disks, cargo }));
  });
  const cargo = await cargoOf(say);
  return { name: 'bare', image, disks: disksIn(folder), cargo };
}

/** The first check of the service has ended: nothing of ours runs but what waits. Brackets, not to find this very line. */
const SETTLED = 'while pgrep --full "[q]uiesced.mjs check" >/dev/null; do sleep 1; done';
const SETTLE_MS = 600_000;

/** Installed by the words of the README, and running. */
export async function readyState(say: (line: string) => void, extra: Extra = PLAIN): Promise<State> {
  const bare = await bareState(say, extra);
  const section = installSection();
  const folder = await cached(
    'ready',
    keyOf([bare.disks.root, readFileSync(packageFile()), section, SETTLED]),
    async (folder) => {
      say('installing the package in it, as the README says: half a minute');
      const machine = await start(bare);
      try {
        await unpackPackages(machine);
        await runAsWritten(machine, section);
        await machine.must(SETTLED, { timeoutMs: SETTLE_MS });
        await machine.must('sync');
        await machine.save('ready');
        await machine.monitor('delvm bare');
        await machine.quit();
        for (const disk of Object.keys(bare.disks) as Disk[]) {
          renameSync(machine.hardware.disks[disk], join(folder, `${disk}.qcow2`));
        }
      } finally {
        await machine.end();
      }
    },
  );
  return { ...bare, name: 'ready', disks: disksIn(folder) };
}

/** The package and its successor, into /root. */
export const unpackPackages = (machine: Pick<Machine, 'must'>): Promise<string> => unpack(machine, 'packages', '/root');

/** What the scenarios run, into /opt/lab. In no state: who writes one must not have to wait for another state. */
export const unpackPrograms = (machine: Pick<Machine, 'must'>): Promise<string> =>
  unpack(machine, 'programs', '/opt/lab');

const unpack = (machine: Pick<Machine, 'must'>, from: string, to: string): Promise<string> =>
  machine.must(`mount -o ro LABEL=cargo /mnt && cp /mnt/${from}/* ${to}/ && umount /mnt`);

async function cargoOf(say: (line: string) => void): Promise<string> {
  const deb = packageFile();
  const sources = programs();
  const key = keyOf([readFileSync(deb), ...sources, ...sources.map(textOf)]);
  const folder = await cached('cargo', key, async (folder) => {
    say(`packing ${deb} and ${sources.length} programs for it`);
    await fillCargo(join(folder, 'cargo.img'), deb, sources);
  });
  return join(folder, 'cargo.img');
}

async function saved(name: State['name'], machine: Machine): Promise<void> {
  try {
    // On a machine that is very busy systemd gives up waiting for the disks.
    await machine.must(`mount --all && ${MOUNTS.map((mountPoint) => `mountpoint -q ${mountPoint}`).join(' && ')}`);
    await machine.must('sync');
    await machine.save(name);
    await machine.quit();
  } finally {
    await machine.end();
  }
}

const disksIn = (folder: string): Record<Disk, string> => ({
  root: join(folder, 'root.qcow2'),
  xfs: join(folder, 'xfs.qcow2'),
  btrfs: join(folder, 'btrfs.qcow2'),
  lvm: join(folder, 'lvm.qcow2'),
});

/** Disks that begin as these are, and leave them as they are. */
export async function overlaysOf(disks: State['disks'], folder: string): Promise<Record<Disk, string>> {
  mkdirSync(folder, { recursive: true });
  const overlays = disksIn(folder);
  for (const disk of Object.keys(overlays) as Disk[]) {
    rmSync(overlays[disk], { force: true });
    await must(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', disks[disk], overlays[disk]]);
  }
  return overlays;
}
