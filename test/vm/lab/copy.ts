import { mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, type Machine } from './machine.ts';
import type { Disk } from './recipe.ts';
import { overlaysOf, type State } from './states.ts';

/** What a copy's program says last. */
export const COPY_DONE = 'COPY DONE';
/** Seconds on a quiet machine: nothing but the kernel, a program and what it starts. */
const COPY_MS = 600_000;

/** A snapshot of all disks by the host, in one step; gives the files that nobody writes to any more. */
export async function snapshotDisks({ qmp, hardware }: Machine, name: string): Promise<Record<Disk, string>> {
  const present = (await qmp.execute('query-block')) as { device: string; inserted?: { file: string } }[];
  const fileOf = (disk: string) => present.find(({ device }) => device === disk)?.inserted?.file ?? '';
  const copies = { ...hardware.disks };
  for (const disk of Object.keys(copies) as Disk[]) copies[disk] = fileOf(disk);
  const actions = (Object.keys(copies) as Disk[]).map((disk) => ({
    type: 'blockdev-snapshot-sync',
    data: { device: disk, 'snapshot-file': join(copies[disk], '..', `${disk}-${name}.qcow2`), format: 'qcow2' },
  }));
  await qmp.execute('transaction', { actions });
  return copies;
}

/** Starts a copy with this program as its init, which ends with `COPY_DONE`; gives all that its console has said. */
export async function runCopy({ image }: State, disks: Record<Disk, string>, init: string): Promise<string> {
  const folder = mkdtempSync(join(dirname(disks.root), 'copy-'));
  const overlays = await overlaysOf(disks, folder);
  const copy = await launch(image, { disks: overlays, append: `init=${init}` });
  try {
    for (const end = Date.now() + COPY_MS; ; await sleep(200)) {
      const said = copy.console();
      if (said.includes(COPY_DONE)) return said;
      if (Date.now() > end) throw new Error(`the copy does not come up; its console says:\n${said.slice(-2000)}`);
    }
  } finally {
    await copy.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
