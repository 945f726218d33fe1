import { type BootEntry, bootEntries } from '../boot/entries.ts';
import { hasSerial, serialDevice, serialOptions } from '../boot/serial.ts';
import type { FileChange, RunChange } from '../system/changes.ts';
import { planFile } from '../system/owned-file.ts';
import { isThere, readableLink } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Repair, run } from './repair.ts';

const DEFAULTS = '/etc/default/grub';
const DROP_IN = '/etc/default/grub.d/50-quiesced-serial.cfg';
const KERNEL_CMDLINE = '/etc/kernel/cmdline';
const MARK = '# quiesced repair: the serial console';

/** GRUB's configuration, by the tool that makes it: with and without the 2. */
const GRUBS = [
  { config: '/boot/grub2/grub.cfg', tool: '/usr/sbin/grub2-mkconfig' },
  { config: '/boot/grub/grub.cfg', tool: '/usr/sbin/grub-mkconfig' },
] as const;

export const serialConsole: Repair = {
  id: 'boot.serial-console',
  check: 'boot.serial-console',
  title: 'Have the kernel write to the serial console, and take logins there',
  platforms: ['linux'],
  risk: 'From the next boot on messages go there too; a hypervisor that never reads it may slow down a kernel that says much.',
  safe: true,

  async plan(system, { facts }) {
    const device = serialDevice(facts.architecture);
    const { entries } = await bootEntries(system);
    const silent = entries.filter(({ options }) => !hasSerial(options, device));
    const masked = (await readableLink(system, `/etc/systemd/system/serial-getty@${device}.service`)) === '/dev/null';
    const runs = masked ? [run('systemctl', 'unmask', `serial-getty@${device}.service`)] : [];
    if (silent.length === 0) return { changes: [], runs, notes: [] };
    const own = (await Promise.all(silent.filter(isBls).map((entry) => blsChange(system, entry, device)))).flat();
    const defaults = await defaultsChange(system, device);
    return { changes: [...own, ...(await cmdlineChange(system, device)), ...defaults], runs, notes: [] };
  },

  /** Entries in files of their own need nothing else. */
  async follow(system, paths): Promise<readonly RunChange[]> {
    if (!paths.some((path) => path === DROP_IN || path === DEFAULTS)) return [];
    if ((await bootEntries(system)).entries.some(isBls)) return [];
    for (const { config, tool } of GRUBS) {
      if (!(await isThere(system, config)) || !(await isThere(system, tool))) continue;
      // The tool itself overwrites the file in place, and a cut leaves half of it.
      const made = `${config}.quiesced-new`;
      return [run(tool, '-o', made), run('sync', made), run('mv', '--force', made, config)];
    }
    return [];
  },
};

const isBls = ({ path }: BootEntry): boolean => path.endsWith('.conf');

/** At the end of the last `options` line, where it has the last word. */
async function blsChange(system: System, { path }: BootEntry, device: string): Promise<readonly FileChange[]> {
  const lines = ((await system.readText(path, 'latin1')) ?? '').split('\n');
  const at = lines.findLastIndex((line) => /^\s*options\s/.test(line));
  const mended =
    at < 0
      ? [...lines.slice(0, -1), `options ${serialOptions(device).join(' ')}`, ...lines.slice(-1)]
      : lines.with(at, withOptions(lines[at] ?? '', device));
  return [{ do: 'write', path, text: mended.join('\n'), mode: 0o644, encoding: 'latin1' }];
}

/** What kernel-install gives to kernels that are yet to come. */
async function cmdlineChange(system: System, device: string): Promise<readonly FileChange[]> {
  const text = await system.readText(KERNEL_CMDLINE, 'latin1');
  const [first, ...rest] = (text ?? '').split('\n');
  if (text === undefined || first === undefined || hasSerial(first.split(/\s+/), device)) return [];
  const mended = [withOptions(first, device), ...rest].join('\n');
  return [{ do: 'write', path: KERNEL_CMDLINE, text: mended, mode: 0o644, encoding: 'latin1' }];
}

/** A drop-in where GRUB reads any, else a line at the end of its file, which is a script that the last word wins in. */
async function defaultsChange(system: System, device: string): Promise<readonly FileChange[]> {
  const text = await system.readText(DEFAULTS, 'latin1');
  if (text === undefined) return [];
  const line = `GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ${serialOptions(device).join(' ')}"`;
  if (await readsDropIns(system)) return planFile(system, DROP_IN, { text: `${line}\n`, mode: 0o644 });
  if (text.includes(MARK)) return [];
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return [{ do: 'write', path: DEFAULTS, text: `${start}${MARK}\n${line}\n`, mode: 0o644, encoding: 'latin1' }];
}

/** Debian's and its descendants' own change to the tool. */
async function readsDropIns(system: System): Promise<boolean> {
  for (const { tool } of GRUBS) {
    const script = await system.readText(tool, 'latin1').catch(() => undefined);
    if (script?.includes('/default/grub.d')) return isThere(system, '/etc/default/grub.d');
  }
  return false;
}

const withOptions = (line: string, device: string): string => {
  const present = line.trim().split(/\s+/);
  const missing = serialOptions(device).filter((option) => !present.includes(option));
  return `${line.trimEnd()} ${missing.join(' ')}`;
};
