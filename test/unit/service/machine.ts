import { type FakeProgram, type FakeSystem, fakeSystem } from '../../fakes/system.ts';

/** What systemd is told to say of one unit. */
export interface Told {
  readonly enabled?: string;
  readonly active?: string;
  readonly pid?: number;
  readonly memory?: string;
}

export interface Scene {
  readonly service?: Told;
  readonly socket?: Told;
  readonly timer?: Told;
  readonly files?: Readonly<Record<string, string>>;
  readonly systemd?: false;
}

export const SELF = ['/opt/quiesced/node', '/opt/quiesced/quiesced.mjs'];
export const PACKAGE_FILE = { '/usr/lib/systemd/system/quiesced.service': '[Service]\n' };

/** Without `/etc/tmpfiles.d`, which not every image has. */
const BOOTED = { '/run/systemd/system/.keep': '', '/etc/systemd/system/.keep': '' };

/** A machine with systemd, of which every call is kept. */
export function machineWith({ service, socket, timer, files, systemd }: Scene = {}): FakeSystem {
  const show = [service, socket, timer].map(block).join('\n');
  const systemctl: FakeProgram = async (argv) => ({ stdout: argv[1] === 'show' ? show : '' });
  return fakeSystem({
    files: { ...(systemd === false ? {} : BOOTED), ...files },
    programs: { systemctl, 'systemd-tmpfiles': {} },
  });
}

/** As systemctl 252 prints it. */
const block = ({ enabled = '', active = 'inactive', pid = 0, memory = '[not set]' }: Told = {}): string =>
  `MainPID=${pid}\nMemoryCurrent=${memory}\nActiveState=${active}\nUnitFileState=${enabled}\n`;

export const ON = { enabled: 'enabled', active: 'active' } as const;
export const OFF = { enabled: 'disabled', active: 'inactive' } as const;
