import { setTimeout as sleep } from 'node:timers/promises';
import type { System } from '../system/system.ts';

/** A mounted file system, as the kernel tells it. */
export interface Mounted {
  readonly mountPoint: string;
  /** major:minor of the superblock. That of the device, but for btrfs, which has numbers of its own. */
  readonly id: string;
  readonly device: string;
}

const PROGRAM_MS = 10_000;
/** How long a busy file system is asked again before it is detached lazily. */
const BUSY_WAITS_MS = [20, 50, 100, 200, 400] as const;
const DETACH_WAIT_MS = 2000;

/** What is mounted at `folder` or below it, in the order of mounting. */
export async function mountsBelow(system: System, folder: string): Promise<readonly Mounted[]> {
  const table = (await system.readText('/proc/self/mountinfo')) ?? '';
  return parseMounts(table).filter(({ mountPoint }) => mountPoint === folder || mountPoint.startsWith(`${folder}/`));
}

/** proc_pid_mountinfo(5): `id parent major:minor root mountpoint options [optional…] - type source superoptions`. */
export const parseMounts = (table: string): readonly Mounted[] =>
  table.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , id, , mountPoint] = before.split(' ');
    const [, device] = after.split(' ');
    if (id === undefined || mountPoint === undefined || device === undefined) return [];
    return [{ id, mountPoint: unescapeField(mountPoint), device: unescapeField(device) }];
  });

const unescapeField = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Mounts an image so that its loop device is freed by the unmount: mount(8), loop. */
export async function mountImage(
  system: System,
  image: { readonly type: string; readonly image: string; readonly mountPoint: string; readonly options?: string },
  signal?: AbortSignal,
): Promise<{ readonly error?: string }> {
  const options = ['loop', 'nodev', 'nosuid', 'noexec', ...(image.options === undefined ? [] : [image.options])];
  const { ended, exitCode, stderr } = await system.run(
    ['mount', '-t', image.type, '-o', options.join(','), image.image, image.mountPoint],
    { timeoutMs: PROGRAM_MS, ...(signal === undefined ? {} : { signal }) },
  );
  return exitCode === 0 ? {} : { error: stderr.trim() || `mount ${ended}` };
}

/**
 * Unmounts every loop-mounted image below `folder` that also lies below it, last first, and waits until the loop
 * devices let go of the images. Leaves any other mount alone and returns it. Safe half-done and repeated.
 */
export async function unmountImages(system: System, folder: string): Promise<{ readonly foreign: readonly string[] }> {
  const foreign: string[] = [];
  for (const mounted of (await mountsBelow(system, folder)).toReversed()) {
    const image = await imageBehind(system, mounted.device);
    if (!image?.startsWith(`${folder}/`)) foreign.push(mounted.mountPoint);
    else await unmount(system, mounted.mountPoint);
  }
  await untilDetached(system, folder);
  return { foreign };
}

/**
 * Thaws first, whoever froze it: a file system that is unmounted while frozen stays in the kernel with its loop device,
 * until somebody mounts that device again to thaw it.
 */
async function unmount(system: System, mountPoint: string): Promise<void> {
  await system.run(['fsfreeze', '--unfreeze', mountPoint], { timeoutMs: PROGRAM_MS });
  for (const waitMs of BUSY_WAITS_MS) {
    const { exitCode } = await system.run(['umount', mountPoint], { timeoutMs: PROGRAM_MS });
    if (exitCode === 0) return;
    await sleep(waitMs);
  }
  const { exitCode, stderr } = await system.run(['umount', '--lazy', mountPoint], { timeoutMs: PROGRAM_MS });
  if (exitCode !== 0) throw new Error(`${mountPoint} cannot be unmounted: ${stderr.trim()}`);
}

/** Waits a little; whoever needs them gone for certain looks with `attachedBelow`. */
async function untilDetached(system: System, folder: string): Promise<void> {
  const giveUpMs = system.clock.monotonicMs() + DETACH_WAIT_MS;
  while (system.clock.monotonicMs() < giveUpMs) {
    if ((await attachedBelow(system, folder)).length === 0) return;
    await sleep(10);
  }
}

/** The loop devices that still have an image below `folder`: its file system lives on, mounted or not. */
export async function attachedBelow(system: System, folder: string): Promise<readonly string[]> {
  const devices = ((await system.list('/sys/block')) ?? []).filter((name) => /^loop\d+$/.test(name));
  const images = await Promise.all(devices.map((name) => imageBehind(system, `/dev/${name}`)));
  return devices.filter((_, at) => images[at]?.startsWith(`${folder}/`)).map((name) => `/dev/${name}`);
}

async function imageBehind(system: System, device: string): Promise<string | undefined> {
  const name = /^\/dev\/(loop\d+)$/.exec(device)?.[1];
  if (name === undefined) return undefined;
  return (await system.readText(`/sys/block/${name}/loop/backing_file`))?.trim();
}
