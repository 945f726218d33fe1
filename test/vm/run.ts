/**
 * `npm run test:vm [-- FILE...]`: makes the machine ready, runs the scenarios one after the other, and prints what they
 * measured. Rounds of each: QUIESCED_VM_ROUNDS (2).
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recorded, renderResults } from './lab/results.ts';
import { readyState } from './lab/states.ts';
import { installTools, whyNot } from './lab/tools.ts';

const ROOT = join(import.meta.dirname, '../..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

await installTools(say);
// Not in the time of the first test.
if (whyNot() === false) await readyState(say);

const folder = mkdtempSync(join(tmpdir(), 'quiesced-vm-'));
const results = join(folder, 'results.jsonl');
try {
  const given = process.argv.slice(2);
  const files = given.length > 0 ? given : globSync('test/vm/**/*.test.ts', { cwd: ROOT }).sort();
  // A file's rounds have deadlines of their own; this one is for a lab that hangs.
  const tap = join(ROOT, 'node_modules/.bin/tap');
  const { status } = spawnSync(tap, ['--jobs=1', '--timeout=3600', ...files], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, QUIESCED_VM_RESULTS: results },
  });
  say(`\n${renderResults(recorded(results))}`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
