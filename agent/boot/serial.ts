/** The console that Azure shows, by architecture as `uname -m` says it. */
export const serialDevice = (architecture: string | undefined): string =>
  architecture === 'aarch64' ? 'ttyAMA0' : 'ttyS0';

/** What a kernel line needs, in this order: the last one becomes /dev/console. */
export const serialOptions = (device: string): readonly string[] => ['console=tty0', `console=${device},115200n8`];

/** Whether the kernel writes there. */
export const hasSerial = (options: readonly string[], device: string): boolean =>
  options.some((option) => option === `console=${device}` || option.startsWith(`console=${device},`));
