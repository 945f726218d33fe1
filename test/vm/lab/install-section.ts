import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';

const README = join(import.meta.dirname, '../../../README.md');
/** dpkg is slow under emulation, and the service is started by it. */
const INSTALL_MS = 240_000;

/** The commands that a reader is told to type: the first `sh` block after the heading. */
export function installSection(readme = readFileSync(README, 'utf8')): string {
  const [, section] = readme.split(/^## Install$/m);
  const block = /^```sh\n([\s\S]*?)^```$/m.exec(section?.split(/^## /m)[0] ?? '')?.[1];
  if (block === undefined) throw new Error('README.md: "## Install" has no block of commands (```sh)');
  return block;
}

/**
 * Types them one after the other, as root, where the package is, and gives what they printed. `check` and `--health`
 * end with a verdict about the machine, which may warn; every other command must do what it is told.
 */
export async function runAsWritten(machine: Pick<Machine, 'run'>, block: string): Promise<string> {
  let printed = '';
  for (const command of block.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) {
    const { code, output } = await machine.run(`cd /root && ${command}`, { timeoutMs: INSTALL_MS });
    printed += `# ${command}\n${output}`;
    const most = /^quiesced (check|--health)$/.test(command) ? VERDICT_FAIL : 0;
    if (code > most) throw new Error(`${command}: exit code ${code}:\n${output}`);
  }
  return printed;
}

/** Something of the machine does not pass; 3 is that nothing is known. */
const VERDICT_FAIL = 2;
