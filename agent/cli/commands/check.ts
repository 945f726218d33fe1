import { readiness } from '../../checks/report.ts';
import { exitCodeOf } from '../../checks/verdict.ts';
import type { Command } from '../context.ts';
import { renderReport } from '../render-report.ts';

export const check: Command = async ({ system, json, print, width, colour }) => {
  const report = await readiness(system);
  print(json ? `${JSON.stringify(report, undefined, 2)}\n` : renderReport(report, { width, colour }));
  return exitCodeOf(report.findings);
};
