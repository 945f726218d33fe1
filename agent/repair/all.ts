import type { Platform } from '../system/system.ts';
import { enabled, installed } from './agent.ts';
import { drivers } from './drivers.ts';
import { fstab } from './fstab.ts';
import { media } from './modules.ts';
import { network } from './network.ts';
import { remoteDesktop } from './remote-desktop.ts';
import type { Repair } from './repair.ts';
import { serialConsole } from './serial.ts';
import { firewall } from './windows-firewall.ts';
import { windowsSerial } from './windows-serial.ts';
import { bootDrivers, sanPolicy, services, time } from './windows-starts.ts';

/** Every repair there is, in the order in which they are done. */
export const repairs: readonly Repair[] = [
  ...[fstab, drivers, serialConsole, media, network, installed, enabled],
  ...[bootDrivers, sanPolicy, services, time, windowsSerial, remoteDesktop, firewall],
];

export const repairsOf = (platform: Platform): readonly Repair[] =>
  repairs.filter(({ platforms }) => platforms.includes(platform));
