/**
 * `npm run test:vm [-- FILE...]`: makes the machine ready, runs the scenarios, one or two files at a time, and prints what
 * they measured. Rounds of each: QUIESCED_VM_ROUNDS (2; more is a full run). With `--prepare` it only makes the machine ready.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, globSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { recorded, renderResults } from './lab/results.ts';
import { readyState } from './lab/states.ts';
import { installTools, whyNot } from './lab/tools.ts';

/**
 * Each has two processors. Where they have to share those of ours, a Node takes longer to start in there than quiesced waits
 * for its guard, and it rightly refuses to freeze.
 */
const MACHINES = Math.max(1, Math.min(2, Math.floor(availableParallelism() / 2)));
/** The longest first, so that no machine is alone at the end. */
const FIRST = ['test/vm/root.test.ts', 'test/vm/crash.test.ts'];
/** Proofs of their own, of a quarter of an hour up to an hour and a half each under emulation: by their names. */
const LONG = ['test/vm/repair.test.ts', 'test/vm/restore.test.ts', 'test/vm/worth.test.ts'];

/** A file's rounds have deadlines of their own; this one is for a lab that hangs. */
const FILE_SECONDS = 5400;
const END_SECONDS = 60;

const ROOT = join(import.meta.dirname, '../..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

await installTools(say);
// Not in the time of the first test.
if (whyNot() === false) await readyState(say);

const given = process.argv.slice(2);
if (!given.includes('--prepare')) {
  process.exitCode = await runScenarios(given.length > 0 ? given : everyFile());
}

function everyFile(): readonly string[] {
  const files = globSync('test/vm/**/*.test.ts', { cwd: ROOT }).sort();
  say(`each by itself: npm run test:vm -- ${LONG.join(' ')}`);
  return [...FIRST, ...files.filter((file) => !FIRST.includes(file) && !LONG.includes(file))];
}

async function runScenarios(files: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-vm-'));
  const results = join(folder, 'results.jsonl');
  const waiting = [...files];
  let failed = 0;
  /** The test runner would take the files by their names, and the longest last. */
  const lane = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const passed = await runFile(file, folder, results).catch((error: unknown) => say(`${file}: ${error}`));
      if (passed !== true) failed += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: MACHINES }, lane));
    say(`\n${renderResults(recorded(results))}`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints all that it says when it has ended: of two at a time nobody could tell the lines apart. */
async function runFile(file: string, folder: string, results: string): Promise<boolean> {
  const tap = join(folder, `${basename(file)}.tap`);
  const out = openSync(tap, 'w');
  const env = { ...process.env, TAP_TIMEOUT: String(FILE_SECONDS), QUIESCED_VM_RESULTS: results };
  say(`${file}: begun, its words so far are in ${tap}`);
  const child = spawn(process.execPath, [file], {
    cwd: ROOT,
    stdio: ['ignore', out, out],
    env,
    // Also when it does not get to look at its own clock any more.
    timeout: (FILE_SECONDS + END_SECONDS) * 1000,
    killSignal: 'SIGKILL',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  closeSync(out);
  say(`\n# ${file}\n${readFileSync(tap, 'utf8')}`);
  return code === 0;
}
