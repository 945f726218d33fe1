/**
 * `npm start`: what a newcomer sees first. The readiness of this very machine, then the whole cycle on file systems
 * made for it; nothing of the machine is changed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { localSystem } from '../agent/system/local.ts';

const main = join(import.meta.dirname, '../agent/main.ts');
const quiesced = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { stdio: 'inherit' }).status ?? 1;

quiesced('check');
if (localSystem().privileged) {
  process.stdout.write('\nRehearsal in a sandbox\n\n');
  process.exitCode = quiesced('rehearse', '--sandbox');
} else {
  process.stdout.write('\nAs root, a rehearsal in a sandbox follows: freeze, copy, thaw, and the copy verified.\n');
}
