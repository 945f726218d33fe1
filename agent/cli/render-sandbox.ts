import type { SandboxReport } from '../sandbox-rehearsal.ts';
import { milliseconds, renderOutcome } from './render-outcome.ts';

const CHECK_NAMES: Readonly<Record<string, string>> = {
  'file-system': 'the file system has no fault',
  recovery: 'no recovery is needed',
  acknowledged: 'all that was acknowledged is there',
  later: 'nothing from after the freeze is there',
  torn: 'no record is torn',
  order: 'no write is missing before another',
};

/** The outcome, what the writers felt of it, and what the copies were found to be. */
export const renderSandbox = ({ outcome, fileSystems, scripts, ok }: SandboxReport, width: number): string =>
  [
    renderOutcome(outcome, width),
    'What the program that writes all the time felt',
    ...fileSystems.map(
      ({ type, longestStallMs, writes }) =>
        `  ${type.padEnd(6)} longest write stall ${milliseconds(longestStallMs).padStart(8)}, of ${writes} writes`,
    ),
    '',
    'The copies, examined',
    ...fileSystems.flatMap(({ type, checks }) =>
      checks.map(
        ({ what, ok: good, detail }) =>
          `  ${type.padEnd(6)} ${good ? '✔' : '✘'} ${CHECK_NAMES[what] ?? what}${good ? '' : `: ${detail}`}`,
      ),
    ),
    '',
    'The scripts, by their own record',
    ...scripts.map((line) => `  ${line}`),
    '',
    ok ? 'Result: it works here.' : 'Result: it does not work here as it should.',
    '',
  ].join('\n');
