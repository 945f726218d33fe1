import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { machineNamed } from '../unit/repair/rig.ts';

const RHEL = machineNamed('rhel-9');
const KEYFILE = '/etc/NetworkManager/system-connections/eth0.nmconnection';
const silent = (text = '') => text.replaceAll(/ ?console=[^\s"]+/g, '');

/** RHEL 9 with everything wrong that files alone can mend, so that no program of this machine has a part in it. */
export function plantFaults(root: string): void {
  const faults: Record<string, string> = {
    '/etc/fstab': '# by hand\nUUID=aa-09 / xfs defaults 0 0\nUUID=5f1c /data  xfs\tdefaults 0 2 # database\n',
    '/etc/modprobe.d/cis.conf': 'install udf /bin/true\n',
    [KEYFILE]: `${RHEL.files[KEYFILE]}\n`.replace('[ethernet]\n', '[ethernet]\nmac-address=00:0D:3A:11:22:33\n'),
  };
  for (const [path, text] of Object.entries(RHEL.files)) if (text.includes('console=')) faults[path] = silent(text);
  for (const [path, text] of Object.entries({ ...RHEL.files, ...faults })) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), file);
    else writeFileSync(file, text);
  }
}

/** Those whose faults are planted. */
export const PLANTED = ['boot.fstab', 'boot.serial-console', 'boot.udf-vfat', 'net.dhcp-restored'];
