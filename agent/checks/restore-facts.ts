import { baseName, runningProcesses } from '../system/processes.ts';
import { isThere, readableLink, readableList, readableText } from '../system/readable.ts';
import { registryText } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { type Check, info, pass, type Result, skip } from './check.ts';
import { SOURCES } from './limits.ts';

const BY_HAND =
  'Restore its disks, and build the machine from them:\nhttps://learn.microsoft.com/azure/backup/backup-azure-vms-automation#create-a-vm-from-restored-disks';

/** The portal builds a machine with one adapter; others, and their addresses, have to be asked for. */
export const oneAdapter: Check = {
  id: 'restore.nic-count',
  group: 'restore',
  title: 'One network adapter, as a restore makes it',
  source: SOURCES.prepare,
  async run(system, { facts }) {
    const told = facts.cloud?.imds?.networkInterfaces ?? 0;
    if (system.platform === 'windows') return judgeAdapters(told);
    return judgeAdapters(told > 0 ? told : (await adapters(system)).length);
  },
};

export function judgeAdapters(count: number): Result {
  if (count === 0) return skip('no network adapter can be seen from here');
  if (count === 1) return pass('one');
  return info(`${count} network adapters: the portal restores one of them, the rest is done with PowerShell`, BY_HAND);
}

/** Real ones. The virtual function of accelerated networking stands beside its adapter, which is its master. */
export async function adapters(system: System): Promise<readonly string[]> {
  const folder = '/sys/class/net';
  const found: string[] = [];
  for (const name of await readableList(system, folder)) {
    if (!(await isThere(system, `${folder}/${name}/device`))) continue;
    const master = baseName((await readableLink(system, `${folder}/${name}/master`)) ?? '');
    if (master !== '' && (await isThere(system, `${folder}/${master}/device`))) continue;
    found.push(name);
  }
  return found;
}

export interface DirectorySigns {
  /** `server role` of smb.conf, as it is written there. */
  readonly role: string | undefined;
  /** The program `samba` itself: file and member servers run smbd without it. */
  readonly running: boolean;
}

/** One that is set back in time makes the others disagree with it for good. */
export const noDomainController: Check = {
  id: 'restore.domain-controller',
  group: 'restore',
  title: 'Not a domain controller',
  source: SOURCES.prepare,
  async run(system, { evidence }) {
    if (system.platform === 'windows') return judgeProductType(await registryText(system, PRODUCT_TYPE));
    const conf = await readableText(system, '/etc/samba/smb.conf');
    const processes = await evidence(runningProcesses);
    const running = processes.some(({ name, argv }) => name === 'samba' || /^samba(:|$)/.test(baseName(argv[0] ?? '')));
    return judgeDirectory({ role: conf === undefined ? undefined : globalOption(conf, 'server role'), running });
  },
};

/** `WinNT`, `ServerNT`, or `LanmanNT`, which is a domain controller. */
const PRODUCT_TYPE = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\ProductOptions\\ProductType';

export function judgeProductType(type: string | undefined): Result {
  if (type === undefined) return skip('the registry does not tell what this machine is');
  return type === 'LanmanNT' ? controller('This machine is') : pass('no');
}

/** smb.conf(5), "server role". */
const CONTROLLER = /^(active directory )?domain controller$|^dc$/i;

export function judgeDirectory({ role, running }: DirectorySigns): Result {
  const configured = CONTROLLER.test(role ?? '');
  if (!configured && !running) return pass(role === undefined ? 'no' : `samba is a ${role}`);
  return controller(running ? 'Samba is' : 'Samba, though not running, is');
}

const controller = (who: string): Result =>
  info(
    `${who} an Active Directory domain controller here: of several, one may only be restored by PowerShell`,
    `Prefer a new controller that replicates from the others. ${BY_HAND}`,
  );

/** A value of `[global]`, the last one that is given. Names are compared without blanks and case: smb.conf(5). */
export function globalOption(conf: string, name: string): string | undefined {
  const plain = (text: string) => text.replace(/\s+/g, '').toLowerCase();
  let section = 'global';
  let value: string | undefined;
  for (const line of conf.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const content = line.trim();
    if (content === '' || /^[#;]/.test(content)) continue;
    const at = content.indexOf('=');
    if (content.startsWith('[')) section = plain(content.slice(1).split(']', 1)[0] ?? '');
    else if (section === 'global' && at > 0 && plain(content.slice(0, at)) === plain(name)) {
      value = content.slice(at + 1).trim();
    }
  }
  return value;
}
