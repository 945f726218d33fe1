import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** One line of the table at the end. */
export interface Result {
  readonly scenario: string;
  /** What the milliseconds are of. */
  readonly measured: string;
  readonly rounds: number;
  readonly failed: number;
  readonly ms: readonly number[];
}

/** Told to the process that runs all the files; where there is none, to nobody. */
export function record(result: Result): void {
  const file = process.env.QUIESCED_VM_RESULTS;
  if (file) appendFileSync(file, `${JSON.stringify(result)}\n`);
}

export const recorded = (file: string): readonly Result[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Result)
    : [];

/** As Markdown, to be put into a page as it is. */
export function renderResults(results: readonly Result[]): string {
  const rows = results.map(({ scenario, measured, rounds, failed, ms }) => {
    const outcome = failed === 0 ? 'passed' : `${failed} FAILED`;
    return `| ${scenario} | ${rounds} | ${outcome} | ${measured} | ${shown(median(ms))} | ${shown(ms.at(-1) === undefined ? undefined : Math.max(...ms))} |`;
  });
  const head = ['| scenario | rounds | result | measured | median | longest |', '|---|---:|---|---|---:|---:|'];
  return `${[...head, ...rows].join('\n')}\n`;
}

const shown = (ms: number | undefined): string =>
  ms === undefined ? '' : ms < 10_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : mean(sorted[middle - 1], sorted[middle]);
}

const mean = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : (a + b) / 2;
