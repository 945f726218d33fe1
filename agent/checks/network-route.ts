import { readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';

/** The network device of the default route, by /proc/net/route: on Azure the first adapter. */
export const defaultDevice = async (system: System): Promise<string | undefined> =>
  defaultDeviceOf((await readableText(system, '/proc/net/route')) ?? '');

/** Of several default routes the kernel takes the one with the smallest metric. */
export function defaultDeviceOf(route: string): string | undefined {
  const found = route
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .map(([device, , , , , , metric]) => ({ device, metric: Number(metric) }))
    .sort((a, b) => a.metric - b.metric);
  return found[0]?.device;
}
