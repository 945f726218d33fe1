import { integrations } from '../../../extensions/all.ts';
import type { Integration } from '../../../extensions/integration.ts';
import { UserError } from '../../errors.ts';
import { applyChanges } from '../../system/changes.ts';
import type { Platform } from '../../system/system.ts';
import type { Command } from '../context.ts';
import { renderChanges } from '../render-changes.ts';

/** The one file of the agent that knows the extensions: they import the agent, so nothing else may. */
export const integrate: Command = async ({ system, given, self, json, print, width }) => {
  const integration = integrationFor(given.words[0] ?? '', system.platform);
  const remove = given.switches.has('remove');
  const { changes, notes } = await integration.plan(system, remove ? undefined : self);
  const applied = !given.switches.has('dry-run');
  if (applied) await applyChanges(system, changes);
  if (json) {
    const told = { schema: 1, integration: integration.id, wanted: !remove, applied, changes, notes };
    print(`${JSON.stringify(told, undefined, 2)}\n`);
  } else print(renderChanges({ changes, notes, applied }, width));
  return 0;
};

/** The table knows every id as a verb; a test holds the two together. */
function integrationFor(id: string, platform: Platform): Integration {
  const integration = integrations.find((each) => each.id === id);
  if (integration === undefined) throw new Error(`${id} is in the table of commands and in no list`);
  if (integration.platforms.includes(platform)) return integration;
  throw new UserError('integrate.platform', `${id} is for ${integration.platforms.join(' and ')} only`);
}
