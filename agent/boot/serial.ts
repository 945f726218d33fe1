/** The console that Azure shows, by architecture as `uname -m` says it. */
export const serialDevice = (architecture: string | undefined): string =>
  architecture === 'aarch64' ? 'ttyAMA0' : 'ttyS0';

/** What a kernel line needs; what programs write to /dev/console goes to the last one. */
export const serialOptions = (device: string): readonly string[] => ['console=tty0', `console=${device},115200n8`];

/** Whether the kernel writes there. */
export const hasSerial = (options: readonly string[], device: string): boolean =>
  options.some((option) => option === `console=${device}` || option.startsWith(`console=${device},`));
