import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { must } from './command.ts';
import type { CheckSample } from './health-sample.ts';

const SAMPLE = join(import.meta.dirname, 'health-sample.ts');

/** Mounts so many in a namespace of its own, which takes them with it, then becomes the sample. */
const MOUNT = `at=$1 count=$2; shift 2
i=0
while [ "$i" -lt "$count" ]; do
  mkdir -p "$at/$i" && mount -t tmpfs -o size=16k none "$at/$i" || exit 1
  i=$((i + 1))
done
exec "$@"`;

/**
 * A check of this machine with so many more mounts. It has its own process ids too: what is mounted is read from the
 * mounts of process 1.
 */
export async function withMounts(count: number, bundle: string, folder: string): Promise<CheckSample> {
  const at = join(folder, 'mounts');
  mkdirSync(at, { recursive: true });
  const own = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', '--propagation', 'private'];
  const root = join(folder, 'root');
  const sample = ['env', 'QUIESCED_TEST=1', `QUIESCED_TEST_ROOT=${root}`, process.execPath, SAMPLE, 'bundle', bundle];
  return JSON.parse(await must([...own, 'sh', '-c', MOUNT, 'sh', at, String(count), ...sample]));
}

/** A check of a machine of files with so many disks, each with one partition and an ext4 on it. */
export async function withDisks(root: string): Promise<CheckSample> {
  return JSON.parse(await must([process.execPath, SAMPLE, 'tree', root]));
}

/** Makes that machine; returns its root. */
export function machineWithDisks(count: number, folder: string): string {
  const root = mkdtempSync(join(folder, `disks-${count}-`));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const mounts = ['20 1 8:1 / / rw - ext4 /dev/sda1 rw'];
  mkdirSync(join(root, 'sys/class/block'), { recursive: true });
  for (let disk = 0; disk < count; disk += 1) {
    const name = `sd${String.fromCharCode(97 + Math.floor(disk / 26))}${String.fromCharCode(97 + (disk % 26))}`;
    const at = `/sys/devices/pci0000:00/0000:00:05.0/virtio1/host0/target0:0:${disk}/0:0:${disk}:0/block/${name}`;
    const [whole, part] = [
      `${8 + Math.floor(disk / 16)}:${(disk % 16) * 16}`,
      `${8 + Math.floor(disk / 16)}:${(disk % 16) * 16 + 1}`,
    ];
    put(`${at}/dev`, `${whole}\n`);
    put(`${at}/size`, '67108864\n');
    put(`${at}/queue/logical_block_size`, '512\n');
    put(`${at}/device/model`, 'Virtual Disk\n');
    put(`${at}/${name}1/dev`, `${part}\n`);
    put(`${at}/${name}1/size`, '67106816\n');
    put(`${at}/${name}1/partition`, '1\n');
    symlinkSync(`../..${at.slice(4)}`, join(root, 'sys/class/block', name));
    symlinkSync(`../..${at.slice(4)}/${name}1`, join(root, 'sys/class/block', `${name}1`));
    mounts.push(`${21 + disk} 20 ${part} / /data/${name} rw - ext4 /dev/${name}1 rw`);
  }
  for (const who of ['1', 'self']) put(`/proc/${who}/mountinfo`, `${mounts.join('\n')}\n`);
  put('/etc/fstab', mounts.map((_, at) => `UUID=${at} /data/${at} ext4 defaults,nofail 0 2`).join('\n'));
  return root;
}
