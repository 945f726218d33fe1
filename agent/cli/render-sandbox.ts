import { basename } from 'node:path';
import type { SandboxReport } from '../sandbox-rehearsal.ts';
import type { Outcome } from '../snapshot/outcome.ts';
import { renderOutcome } from './render-outcome.ts';
import { milliseconds } from './render-timeline.ts';
import { hang } from './wrap.ts';

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
    renderOutcome(inShort(outcome), width),
    'What the program that writes all the time felt',
    ...fileSystems.flatMap(({ type, longestStallMs, writes }) => {
      const felt = `longest write stall ${milliseconds(longestStallMs).padStart(8)}, of ${writes} writes`;
      return `  ${type.padEnd(TYPE_WIDTH)} ${felt}`;
    }),
    '',
    'The copies, examined',
    ...fileSystems.flatMap(({ type, checks }) =>
      checks.flatMap(({ what, ok: good, detail }) => {
        const found = `${CHECK_NAMES[what] ?? what}${good ? '' : `: ${detail}`}`;
        return hang(`  ${type.padEnd(TYPE_WIDTH)} ${good ? '✔' : '✘'} `, found, width);
      }),
    ),
    '',
    'The scripts, by their own record',
    ...scripts.flatMap((line) => hang('  ', line, width)),
    '',
    ok ? 'Result: it works here.' : 'Result: it does not work here as it should.',
    '',
  ].join('\n');

const TYPE_WIDTH = 6;

/** Each file system lies in a folder that is named after its type, and is gone with its copy when this is read. */
function inShort({ snapshot: _, ...outcome }: Outcome): Outcome {
  const timeline = outcome.timeline.map((step) =>
    step.mountPoint === undefined ? step : { ...step, mountPoint: basename(step.mountPoint) },
  );
  return { ...outcome, timeline, frozen: outcome.frozen.map((mountPoint) => basename(mountPoint)) };
}
