import type { Test } from 'tap';
import type { LoadedConfig } from '../../agent/config/load.ts';
import { loadConfig } from '../../agent/config/load.ts';
import { UserError } from '../../agent/errors.ts';
import { PATHS } from '../../agent/system/paths.ts';
import type { Platform } from '../../agent/system/system.ts';
import { fakeSystem } from './system.ts';

export const MAIN = '/etc/quiesced/quiesced.conf';
export const DROP_INS = '/etc/quiesced/quiesced.conf.d';

/** Loads the configuration of a machine that has these files, or this text as its `quiesced.conf`. */
export async function load(
  files: string | Readonly<Record<string, string>>,
  platform: Platform = 'linux',
): Promise<LoadedConfig> {
  const { configFile } = PATHS[platform];
  const system = fakeSystem({ platform, files: typeof files === 'string' ? { [configFile]: files } : files });
  try {
    return await loadConfig(system);
  } finally {
    system.cleanUp();
  }
}

/** The error that loading ends with; a bug is thrown on. */
export async function refusal(files: string | Readonly<Record<string, string>>): Promise<UserError | undefined> {
  try {
    await load(files);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** By name: a text as `quiesced.conf`, what the error says after `quiesced.conf:`, and its remedy. */
export type Refusals = Readonly<
  Record<string, { readonly text: string; readonly message: string; readonly remedy: RegExp }>
>;

/** One test for each. */
export function refusesEach(t: Test, cases: Refusals): void {
  for (const [name, { text, message, remedy }] of Object.entries(cases)) {
    t.test(name, async (t) => {
      const error = await refusal(text);
      t.equal(error?.message, `${MAIN}:${message}`);
      t.equal(error?.code, 'config.invalid');
      t.match(error?.remedy, remedy);
    });
  }
}
