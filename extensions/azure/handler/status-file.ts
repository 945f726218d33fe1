import { join } from 'node:path';
import { faultPoint } from '../../../agent/fault-point.ts';
import { readableList } from '../../../agent/system/readable.ts';
import type { Handler } from './handler.ts';

/** The VM agent reports the one with the highest number, whatever number it asked for. */
const STATUS = /^(\d+)\.status$/;
const KEPT = 60;

export const statusPath = ({ environment }: Handler, sequence: number): string =>
  join(environment.statusFolder, `${sequence}.status`);

/** Atomic and durable; the name of the temporary file is none that the agent reads. */
export async function writeStatusFile(handler: Handler, sequence: number, text: string): Promise<void> {
  await faultPoint('azure-status.write.before');
  await handler.system.write(statusPath(handler, sequence), text, { mode: 0o644 });
  await faultPoint('azure-status.write.after');
}

/**
 * Of an earlier goal state: `7.status` becomes `7_status`, and of these the newest 60 are kept. The settings of the agent
 * are its own, and stay.
 */
export async function retireStatusFiles(handler: Handler, sequence: number): Promise<void> {
  const { system, environment } = handler;
  const names = await readableList(system, environment.statusFolder);
  const others = names.filter((name) => STATUS.test(name) && name !== `${sequence}.status`);
  for (const name of others) {
    const path = join(environment.statusFolder, name);
    const text = await system.readText(path);
    if (text !== undefined) await system.write(path.replace(/\.status$/, '_status'), text, { mode: 0o644 });
    await system.remove(path);
  }
  const retired = names.flatMap((name) => /^(\d+)_status$/.exec(name)?.[1] ?? []).sort((a, b) => Number(b) - Number(a));
  for (const number of retired.slice(KEPT)) await system.remove(join(environment.statusFolder, `${number}_status`));
}
