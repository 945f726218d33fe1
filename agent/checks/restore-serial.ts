import { type BootEntry, bootEntries } from '../boot/entries.ts';
import { hasSerial, serialDevice } from '../boot/serial.ts';
import { readableLink } from '../system/readable.ts';
import { restoreLimit } from './azure.ts';
import { type Check, info, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { listed } from './storage-evidence.ts';

const NO_ENTRIES = "there is no boot loader's configuration that could be read";

/** The one way to a machine whose network does not come up. */
export const serialConsole: Check = {
  id: 'boot.serial-console',
  group: 'restore',
  title: 'The serial console shows the boot, and lets people in',
  platforms: ['linux'],
  offline: true,
  source: SOURCES.genericImage,
  async run(system, context) {
    const { entries } = await context.evidence(bootEntries);
    if (entries.length === 0) return skip(NO_ENTRIES);
    const device = serialDevice(context.facts.architecture);
    const masked = (await readableLink(system, `/etc/systemd/system/serial-getty@${device}.service`)) === '/dev/null';
    return restoreLimit(context, judgeConsole(entries, device, masked));
  },
};

/** systemd starts a login on whatever console the kernel has, unless somebody has forbidden it: systemd-getty-generator(8). */
export function judgeConsole(entries: readonly BootEntry[], device: string, masked: boolean): Result {
  const silent = entries.filter(({ options }) => !hasSerial(options, device));
  if (silent.length > 0) {
    return warn(
      `without console=${device}: ${listed(silent.map(({ id, path }) => id || path))}`,
      'Have it added to the kernel line of every entry:\n$ quiesced repair boot.serial-console',
    );
  }
  if (masked) {
    return warn(
      `nobody can log in there: serial-getty@${device}.service is masked`,
      `$ systemctl unmask serial-getty@${device}.service`,
    );
  }
  return pass(`console=${device}, ${entries.length === 1 ? '1 entry' : `${entries.length} entries`}`);
}

const NOISE = ['rhgb', 'quiet', 'crashkernel=auto'];

/** What hides the messages that one would want to read there. */
export const nothingIsHidden: Check = {
  id: 'boot.cmdline-noise',
  group: 'restore',
  title: 'The boot says what it does',
  platforms: ['linux'],
  offline: true,
  source: SOURCES.genericImage,
  async run(_system, context) {
    const { entries } = await context.evidence(bootEntries);
    return entries.length === 0 ? skip(NO_ENTRIES) : judgeNoise(entries);
  },
};

export function judgeNoise(entries: readonly BootEntry[]): Result {
  const found = NOISE.filter((word) => entries.some(({ options }) => options.includes(word)));
  if (found.length === 0) return pass('nothing hides it');
  return info(`${found.join(', ')} on the kernel line: a boot that fails says less on the serial console`);
}
