import { enabled, installed } from './agent.ts';
import { drivers } from './drivers.ts';
import { fstab } from './fstab.ts';
import { media } from './modules.ts';
import { network } from './network.ts';
import type { Repair } from './repair.ts';
import { serialConsole } from './serial.ts';

/** Every repair there is, in the order in which they are done. */
export const repairs: readonly Repair[] = [fstab, drivers, serialConsole, media, network, installed, enabled];
