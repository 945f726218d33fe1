import type { Config } from '../config/schema.ts';
import type { System } from '../system/system.ts';
import { readAzureScripts } from './azure.ts';
import { configScript } from './config.ts';
import { readHooks } from './hooks.ts';
import type { Script, ScriptError } from './script.ts';

/** The scripts of this machine, from all places that may name some. */
export interface PlannedScripts {
  /** In the order in which their pre commands run: Azure's, `[scripts]`, hooks. */
  readonly scripts: readonly Script[];
  /** Files at fault; the scripts that they name are not run. */
  readonly problems: readonly ScriptError[];
  /** One of them says itself that there is to be no snapshot without it. */
  readonly required: boolean;
  /** Azure's `fsFreezeEnabled`. */
  readonly freezeWanted: boolean;
}

/** Reads only. */
export async function planScripts(system: System, config: Config['scripts']): Promise<PlannedScripts> {
  const [azure, hooks] = await Promise.all([readAzureScripts(system), readHooks(system, config)]);
  const own = configScript(config);
  return {
    scripts: [...azure.scripts, ...(own === undefined ? [] : [own]), ...hooks.scripts],
    problems: azure.problems,
    required: azure.required || azure.problems.some(({ about }) => about.required === true),
    freezeWanted: azure.freezeWanted,
  };
}

export const NO_SCRIPTS: PlannedScripts = { scripts: [], problems: [], required: false, freezeWanted: true };
