import { loadConfig } from '../../config/load.ts';
import { createQuiescers } from '../../quiescers/configured.ts';
import { survey } from '../../quiescers/survey.ts';
import type { Command } from '../context.ts';
import { renderSurvey } from '../render-quiescers.ts';

/** 1 when something that is configured could not be held. */
export const quiescers: Command = async ({ system, self, json, width, print }) => {
  const { config } = await loadConfig(system);
  const found = await survey(system, await createQuiescers(system, config, self));
  print(json ? `${JSON.stringify({ schema: 1, ...found }, undefined, 2)}\n` : renderSurvey(found, width));
  return found.quiescers.every(({ detected }) => detected !== undefined && detected.missing.length === 0) ? 0 : 1;
};
