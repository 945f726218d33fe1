import { join } from 'node:path';
import type { Log } from '../../../agent/log.ts';
import { readableText } from '../../../agent/system/readable.ts';
import { smbiosUuid } from '../../../agent/system/smbios.ts';
import type { System } from '../../../agent/system/system.ts';
import type { HandlerEnvironment } from './environment.ts';

/** What every verb and the job itself work with. */
export interface Handler {
  readonly system: System;
  readonly log: Log;
  readonly environment: HandlerEnvironment;
  readonly name: string;
  readonly version: string;
  /** How this program is started again, and how quiesced is, which has the guard among its commands. */
  readonly self: readonly string[];
  readonly quiesced: readonly string[];
}

/** `/var/lib/waagent`, where the VM agent of Linux keeps its certificates. */
export const libFolderOf = ({ environment }: Handler): string => environment.folder.replace(/\/[^/]+\/?$/, '');

export const settingsPath = ({ environment }: Handler, sequence: number): string =>
  join(environment.configFolder, `${sequence}.settings`);

/** What tells this machine from another one that was made of its disks; empty where the firmware has no number. */
export async function machineIdOf(system: System): Promise<string> {
  if (system.platform === 'windows') return (await smbiosUuid(system)) ?? '';
  return ((await readableText(system, '/sys/class/dmi/id/product_uuid')) ?? '').trim().toLowerCase();
}
