import { type Check, fail, pass, type Result, skip } from './check.ts';
import { isMadeAnew } from './encryption-crypttab.ts';
import { type Encryption, gatherEncryption } from './encryption-evidence.ts';
import { OWN_ENCRYPTION } from './limits.ts';
import { listed } from './storage-evidence.ts';

/** A backup takes a closed volume as it is; but what should be on it is not, and after a restore nobody opens it either. */
export const nothingIsLocked: Check = {
  id: 'enc.locked',
  group: 'encryption',
  title: 'Every encrypted volume is open',
  platforms: ['linux'],
  source: `crypttab(5); ${OWN_ENCRYPTION.source}`,
  async run(system, { evidence }) {
    if (!system.live) return skip('only a running machine has opened its volumes');
    return judgeLocked(await evidence(gatherEncryption));
  },
};

/** Who is to open it: crypttab at boot, Azure's extension by its own table, or a person when it is needed. */
export function judgeLocked({ devices, crypttab = [], ade, closed }: Encryption): Result {
  const isOpen = (name: string) => devices.some(({ mapping }) => mapping === name);
  const awaited = crypttab.filter((entry) => !isMadeAnew(entry) && !isOpen(entry.name));
  const onDemand = awaited.filter(({ options }) => options.includes('noauto')).map(({ name }) => name);
  const missing = [
    ...awaited.filter(({ options }) => !options.includes('noauto')).map(({ name }) => name),
    ...ade.mappings.filter((name) => !isOpen(name)),
  ];
  if (missing.length > 0) {
    return fail(
      `locked, though they are to be opened at boot: ${listed([...new Set(missing)])}`,
      "Open each, and see why it was not opened. Disks of Azure Disk Encryption are opened by its extension, which a restored machine has to be given again:\n$ systemctl --failed 'systemd-cryptsetup@*'\n$ systemctl start systemd-cryptsetup@NAME.service",
    );
  }
  // A volume that is opened on demand is one of those that are closed; which one, only its header tells.
  if (closed.length > onDemand.length) {
    return fail(
      `locked, and nothing here is to open it: ${listed(closed)}`,
      'Open it, or name it in /etc/crypttab with noauto if it is meant to stay closed:\n$ cryptsetup open /dev/DISK NAME\n$ lsblk --fs',
    );
  }
  if (onDemand.length > 0) return pass(`kept closed on purpose: ${listed(onDemand)}`);
  return pass(devices.length === 0 ? 'there is none' : listed(devices.map(({ mapping }) => mapping)));
}
