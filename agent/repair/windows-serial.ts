import { serialConsoleOf } from '../boot/windows-serial.ts';
import { system32Program } from '../system/system32.ts';
import { NOTHING, type Repair, run } from './repair.ts';

/** By Windows' own program: the boot configuration is a hive that it alone writes whole. */
export const windowsSerial: Repair = {
  id: 'win.bcd',
  check: 'win.bcd',
  title: 'Switch the serial console of Windows on',
  platforms: ['windows'],
  risk: 'From the next start on Windows speaks on the first serial port, which no other program gets then. Undo leaves it on: bcdedit /ems off.',
  safe: false,

  async plan(system) {
    const serial = await serialConsoleOf(system);
    if (serial === undefined || serial.on) return NOTHING;
    const bcdedit = system32Program(system, 'bcdedit.exe');
    return {
      changes: [],
      runs: [
        run(bcdedit, '/emssettings', 'EMSPORT:1', 'EMSBAUDRATE:115200'),
        run(bcdedit, '/ems', serial.loader, 'on'),
      ],
      notes: [],
    };
  },
};
