/** A name in the bundle, and the program that is asked for what stands there. */
export type NamedArgv = readonly [name: string, ...argv: string[]];

const UNITS = ['quiesced.service', 'quiesced.socket', 'quiesced.timer'];
const NEIGHBOURS = ['qemu-guest-agent.service', 'walinuxagent.service', 'waagent.service'];
/** The newest so many lines: with what a program may print, 1 MiB, that is enough for weeks. */
const LINES = '2000';
const FEW_LINES = '500';

const journalctl = (name: string, lines: string, units: readonly string[]): NamedArgv => [
  name,
  ...['journalctl', '--no-pager', '--quiet', '--output=short-iso-precise', `--lines=${lines}`],
  ...units.map((unit) => `--unit=${unit}`),
];

const systemctl = (...argv: readonly string[]): readonly [string, ...string[]] => ['systemctl', '--no-pager', ...argv];

/** What the machine has written down about us, its neighbours and its disks. */
export const LOG_COMMANDS: readonly NamedArgv[] = [
  ['kernel.txt', 'dmesg', '--ctime'],
  journalctl('journal.txt', LINES, [...UNITS, 'quiesced-thaw-*']),
  [...journalctl('journal-cli.txt', FEW_LINES, []), '--identifier=quiesced'],
  journalctl('journal-neighbours.txt', FEW_LINES, NEIGHBOURS),
  [...journalctl('journal-kernel.txt', FEW_LINES, []), '--dmesg'],
];

/** What runs on it, and from what. */
export const MACHINE_COMMANDS: readonly NamedArgv[] = [
  ['lsblk.txt', 'lsblk', '--output', 'NAME,KNAME,MAJ:MIN,TYPE,FSTYPE,SIZE,RO,RM,MOUNTPOINTS'],
  ['units-status.txt', ...systemctl('status', '--full', '--lines=0', ...UNITS, ...NEIGHBOURS)],
  ['units-show.txt', ...systemctl('show', ...UNITS)],
  ['units-cat.txt', ...systemctl('cat', ...UNITS, ...NEIGHBOURS)],
  ['timers.txt', ...systemctl('list-timers', '--all', '--full')],
  ['failed-units.txt', ...systemctl('--failed', '--full')],
  ['packages.txt', 'dpkg-query', '--show', 'quiesced', 'qemu-guest-agent', 'waagent', 'walinuxagent', 'systemd'],
  ['packages-rpm.txt', 'rpm', '--query', 'quiesced', 'qemu-guest-agent', 'WALinuxAgent', 'systemd'],
];
