import { chmodSync, copyFileSync, globSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { must } from '../../bench/command.ts';
import { cached, keyOf } from './cache.ts';
import { AGENT, compile, textOf } from './compile.ts';
import { boot } from './machine.ts';
import {
  DISKS,
  type Disk,
  type Extra,
  FILES,
  FORM_DISKS,
  INITRAMFS,
  LEFT_OUT,
  MASKED,
  MOUNTS,
  PACKAGES,
  PLAIN,
  SUITE,
} from './recipe.ts';

const MINUTES = 60_000;

/** A machine that is switched off: its kernel, and its disks, which nobody writes to. */
export interface Image {
  readonly folder: string;
  readonly kernel: string;
  /** Another one, installed beside it, whose drivers are modules. */
  readonly modularKernel: string;
  readonly initrd: string;
  readonly disks: Readonly<Record<Disk, string>>;
}

/** Debian as the recipe says, with all its file systems; built once, in about two minutes. */
export async function baseImage(say: (line: string) => void, extra: Extra = PLAIN): Promise<Image> {
  const packages = [...PACKAGES, ...extra.packages];
  const masked = [...MASKED, ...extra.masked];
  const recipe = JSON.stringify([SUITE, packages, LEFT_OUT, DISKS, MOUNTS, FORM_DISKS, FILES, masked, INITRAMFS]);
  const folder = await cached('base', keyOf([recipe, textOf(AGENT)]), async (folder) => {
    say(`building the machine's disks in ${folder}: once, about two minutes`);
    await buildRoot(folder, packages, masked);
    for (const disk of ['xfs', 'btrfs', 'lvm'] as const) await createDisk(join(folder, `${disk}.qcow2`), DISKS[disk]);
    await formDisks(imageIn(folder));
  });
  return imageIn(folder);
}

const imageIn = (folder: string): Image => {
  const disk = (name: Disk): string => join(folder, `${name}.qcow2`);
  const disks = { root: disk('root'), xfs: disk('xfs'), btrfs: disk('btrfs'), lvm: disk('lvm') };
  const [kernel, modularKernel] = [join(folder, 'vmlinuz'), join(folder, 'vmlinuz-modular')];
  return { folder, kernel, modularKernel, initrd: join(folder, 'initrd.img'), disks };
};

export const createDisk = (path: string, bytes: number): Promise<string> =>
  must(['qemu-img', 'create', '-q', '-f', 'qcow2', path, String(bytes)]);

/** Ended before its time, it leaves no process, and no /proc or /sys of this machine mounted where all is then removed. */
const ENCLOSED = ['unshare', '--fork', '--pid', '--kill-child', '--mount', '--mount-proc', '--'];

async function buildRoot(folder: string, packages: readonly string[], masked: readonly string[]): Promise<void> {
  const root = join(folder, 'root');
  const paths = LEFT_OUT.map((pattern) => `--dpkgopt=path-exclude=${pattern}`);
  const how = ['--mode=root', '--format=directory', '--variant=minbase', ...paths];
  const also = ['--aptopt=Acquire::Languages "none"', `--customize-hook=${INITRAMFS}`];
  const argv = ['mmdebstrap', '--quiet', ...how, ...also, `--include=${packages.join(',')}`, SUITE, root];
  await must([...ENCLOSED, ...argv], 15 * MINUTES);
  copyFileSync(only(join(root, 'boot/vmlinuz-*-cloud-amd64')), join(folder, 'vmlinuz'));
  copyFileSync(only(join(root, 'boot/vmlinuz-*[0-9]-amd64')), join(folder, 'vmlinuz-modular'));
  copyFileSync(only(join(root, 'boot/initrd.img-*-cloud-amd64')), join(folder, 'initrd.img'));
  await furnish(root, masked);
  const raw = join(folder, 'root.raw');
  const options = ['-t', 'ext4', '-L', 'root', '-E', 'lazy_itable_init=0,lazy_journal_init=0'];
  await must(['mke2fs', '-q', ...options, '-d', root, raw, `${DISKS.root / 1024}k`], 5 * MINUTES);
  await must(['qemu-img', 'convert', '-O', 'qcow2', raw, join(folder, 'root.qcow2')], 5 * MINUTES);
  rmSync(raw);
  rmSync(root, { recursive: true });
}

/** Ours, on top of what Debian has put there. */
async function furnish(root: string, masked: readonly string[]): Promise<void> {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const place of [...MOUNTS, '/lab', '/opt/lab']) mkdirSync(join(root, place), { recursive: true });
  chmodSync(await compile(AGENT, join(root, 'opt/lab')), 0o755);
  const units = join(root, 'etc/systemd/system');
  mkdirSync(join(units, 'multi-user.target.wants'), { recursive: true });
  symlinkSync('../lab-agent.service', join(units, 'multi-user.target.wants/lab-agent.service'));
  for (const unit of masked) {
    rmSync(join(units, unit), { force: true });
    symlinkSync('/dev/null', join(units, unit));
  }
}

function only(pattern: string): string {
  const [found, ...more] = globSync(pattern);
  if (found === undefined || more.length > 0) throw new Error(`one file was expected as ${pattern}`);
  return found;
}

async function formDisks(image: Image): Promise<void> {
  const machine = await boot(image, { disks: image.disks });
  try {
    for (const command of FORM_DISKS) await machine.must(command, { timeoutMs: 2 * MINUTES });
    await machine.powerOff();
  } finally {
    await machine.end();
  }
}
