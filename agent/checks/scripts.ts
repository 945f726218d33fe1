import { defaultConfig, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { UserError } from '../errors.ts';
import { type AskedPlugin, readAzureScripts } from '../scripts/azure.ts';
import { LEFTOVERS, readHooks } from '../scripts/hooks.ts';
import { planScripts } from '../scripts/planned.ts';
import { scriptProblems } from '../scripts/runnable.ts';
import type { Script, ScriptError } from '../scripts/script.ts';
import { PATH_STYLE, PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';

/** The pre and post scripts of this machine, wherever they are named: evidence that several checks judge. */
export interface ScriptsHere {
  /** The defaults where the files are at fault. */
  readonly config: Config;
  readonly configFault: UserError | undefined;
  readonly scripts: readonly Script[];
  /** Of the files that name scripts, and of the scripts themselves. */
  readonly problems: readonly ScriptError[];
  /** What Azure's files ask for, before limits. */
  readonly asked: readonly AskedPlugin[];
  /** Files in `hooks.d` that are passed over, and do not look like leftovers. */
  readonly passedOver: readonly string[];
}

/** Gathers once per run: `context.evidence(gatherScripts)`. Needs root: the files are closed to others. */
export async function gatherScripts(system: System): Promise<ScriptsHere> {
  const { config, configFault } = await readConfig(system);
  const [planned, { asked }, hooks] = await Promise.all([
    planScripts(system, config.scripts),
    readAzureScripts(system),
    readHooks(system, config.scripts),
  ]);
  const { hooks: folder } = PATHS[system.platform];
  return {
    config,
    configFault,
    scripts: planned.scripts,
    problems: [...planned.problems, ...(await scriptProblems(system, planned.scripts))],
    asked,
    passedOver: hooks.ignored
      .filter((name) => !LEFTOVERS.test(name) && !/^README/i.test(name))
      .map((name) => PATH_STYLE[system.platform].join(folder, name)),
  };
}

async function readConfig(system: System): Promise<Pick<ScriptsHere, 'config' | 'configFault'>> {
  try {
    return { config: (await loadConfig(system)).config, configFault: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { config: await defaultConfig(system.platform), configFault: error };
  }
}
