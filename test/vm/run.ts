/**
 * `npm run test:vm [-- FILE...]`: makes the machine ready, runs the scenarios one after the other, and prints what they
 * measured. Rounds of each: QUIESCED_VM_ROUNDS (2; more is a full run). With `--prepare` it only makes the machine ready.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recorded, renderResults } from './lab/results.ts';
import { FULL_RUN } from './lab/rounds.ts';
import { readyState } from './lab/states.ts';
import { installTools, whyNot } from './lab/tools.ts';

/** Side by side: much of a scenario is waiting, and one machine leaves a processor idle then. */
const MACHINES = 2;
/** The longest first, so that no machine is alone at the end. */
const FIRST = ['test/vm/restore.test.ts', 'test/vm/root.test.ts', 'test/vm/crash.test.ts'];
/** Makes four images of an initramfs under emulation, a quarter of an hour: part of a full run, or by its name. */
const LONG = 'test/vm/restore.test.ts';

const ROOT = join(import.meta.dirname, '../..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

await installTools(say);
// Not in the time of the first test.
if (whyNot() === false) await readyState(say);

const given = process.argv.slice(2);
if (!given.includes('--prepare')) {
  process.exitCode = runScenarios(given.length > 0 ? given : everyFile());
}

function everyFile(): readonly string[] {
  const files = globSync('test/vm/**/*.test.ts', { cwd: ROOT }).sort();
  const rest = files.filter((file) => !FIRST.includes(file));
  if (FULL_RUN) return [...FIRST, ...rest];
  say(`not part of a short run: npm run test:vm -- ${LONG}`);
  return [...FIRST, ...rest].filter((file) => file !== LONG);
}

function runScenarios(files: readonly string[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-vm-'));
  const results = join(folder, 'results.jsonl');
  try {
    // A file's rounds have deadlines of their own; this one is for a lab that hangs.
    const { status } = spawnSync(
      join(ROOT, 'node_modules/.bin/tap'),
      [`--jobs=${MACHINES}`, '--timeout=3600', ...files],
      {
        cwd: ROOT,
        stdio: 'inherit',
        env: { ...process.env, QUIESCED_VM_RESULTS: results },
      },
    );
    say(`\n${renderResults(recorded(results))}`);
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
