import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';

const README = join(import.meta.dirname, '../../../README.md');
/** Half a minute on a quiet machine: dpkg unpacks 110 MB under emulation, and starts the service. */
const INSTALL_MS = 900_000;

/** In the order in which the section describes the ways to install. */
const WAYS = ['resident', 'on demand'] as const;

/** The commands that a reader is told to type: a block (`sh`) for each way. */
export function installSection(way: (typeof WAYS)[number] = 'resident'): string {
  const [, section = ''] = readFileSync(README, 'utf8').split(/^## Install$/m);
  const blocks = [...(section.split(/^## /m)[0] ?? '').matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
  const block = blocks[WAYS.indexOf(way)]?.[1];
  if (block === undefined) throw new Error(`README.md: "## Install" does not say how to install it ${way}`);
  return block;
}

/**
 * Types them one after the other, as root, where the package is, and gives what they printed. `check` and `--health`
 * end with a verdict about the machine, whatever that is; every other command must do what it is told.
 */
export async function runAsWritten(machine: Pick<Machine, 'run'>, block: string): Promise<string> {
  let printed = '';
  for (const command of block.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) {
    const { code, output } = await machine.run(`cd /root && ${command}`, { timeoutMs: INSTALL_MS });
    printed += `# ${command}\n${output}`;
    const most = /^quiesced (check|--health)$/.test(command) ? VERDICTS : 0;
    if (code > most) throw new Error(`${command}: exit code ${code}:\n${output}`);
  }
  return printed;
}

/** 3 is that a check got no answer in time, as on a machine that is starved. */
const VERDICTS = 3;
