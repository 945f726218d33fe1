import type { Facts } from '../system/facts.ts';
import type { ImdsDisk } from '../system/imds.ts';
import { withImds } from './azure.ts';
import { type Check, fail, info, pass, type Result, skip } from './check.ts';
import { NEWER_DISKS, SOURCES } from './limits.ts';
import { listed } from './storage-evidence.ts';

/** Its list of disks, judged by `judge`. */
const ofDisks = (facts: Facts, judge: (disks: readonly ImdsDisk[]) => Result): Result =>
  withImds(facts, ({ disks }) => (disks.length === 0 ? skip('the host lists no disks') : judge(disks)));

const nameOf = ({ lun }: ImdsDisk): string => (lun === undefined ? 'the disk of the system' : `LUN ${lun}`);
const namesOf = (disks: readonly ImdsDisk[]): string => listed(disks.map(nameOf));

export const noNewerDisks: Check = {
  id: 'disk.ultra-pv2',
  group: 'storage',
  title: 'Every disk is of a kind that any policy backs up',
  source: NEWER_DISKS.source,
  async run(_system, { facts }) {
    return ofDisks(facts, judgeNewerDisks);
  },
};

export function judgeNewerDisks(disks: readonly ImdsDisk[]): Result {
  const types: readonly string[] = NEWER_DISKS.types;
  const newer = disks.filter(({ storageType }) => types.includes(storageType ?? ''));
  if (newer.length === 0) return pass('no Ultra Disk and no Premium SSD v2');
  const kinds = [...new Set(newer.map(({ storageType }) => storageType))].join(' and ');
  return info(
    `${kinds} (${namesOf(newer)}): they need a policy of type Enhanced, and allow neither restores of single files nor crash-consistent points`,
    'See which type the policy is of; V2 means Enhanced:\n$ az backup policy show --resource-group GROUP --vault-name VAULT --name POLICY --query properties.policyType',
  );
}

export const noWriteAccelerator: Check = {
  id: 'disk.write-accel',
  group: 'storage',
  title: 'No disk has the Write Accelerator on',
  source: SOURCES.supportMatrix,
  async run(_system, { facts }) {
    return ofDisks(facts, judgeWriteAccelerator);
  },
};

export function judgeWriteAccelerator(disks: readonly ImdsDisk[]): Result {
  const accelerated = disks.filter(({ writeAccelerator }) => writeAccelerator);
  if (accelerated.length === 0) return pass('none has');
  return info(
    `${namesOf(accelerated)}: such disks are not in an application-consistent snapshot, and the machine must reach storage itself`,
    'Keep what has to be restored together on other disks, and see that port 443 of *.blob.core.windows.net can be reached.',
  );
}

export const disksAreManaged: Check = {
  id: 'disk.unmanaged',
  group: 'storage',
  title: 'Every disk is a managed one',
  source: SOURCES.supportMatrix,
  async run(_system, { facts }) {
    return ofDisks(facts, judgeUnmanaged);
  },
};

export function judgeUnmanaged(disks: readonly ImdsDisk[]): Result {
  const unmanaged = disks.filter(({ managed }) => !managed);
  if (unmanaged.length === 0) return pass('all are');
  return fail(
    `${namesOf(unmanaged)}: a disk in a storage account of its own, which Azure has retired`,
    'Turn them into managed disks; the machine is stopped meanwhile:\n$ az vm deallocate --resource-group GROUP --name VM\n$ az vm convert --resource-group GROUP --name VM\n$ az vm start --resource-group GROUP --name VM',
  );
}
