import { healthNow } from '../../readiness/health-now.ts';
import type { Command } from '../context.ts';
import { renderHealth } from '../quick-health.ts';

/** The way of everybody who writes it otherwise than the entrance expects it: see `quickHealth`. */
export const health: Command = async ({ system, json, print }) => {
  const answer = healthNow(system);
  print(renderHealth(answer, json));
  return answer.exitCode;
};
