import { quickHealth } from './cli/quick-health.ts';

const argv = process.argv.slice(2);
const THREADS = 64;

async function run(): Promise<number> {
  // Set before anything uses the thread pool, whose size is fixed then: if the guard dies, this process thaws every file
  // system in its place, each on a thread of its own.
  if (!(Number(process.env.UV_THREADPOOL_SIZE) >= THREADS)) process.env.UV_THREADPOOL_SIZE = String(THREADS);
  const { runCommandLine } = await import('./cli/run.ts');
  return runCommandLine(argv, [process.execPath, ...process.execArgv, import.meta.filename]);
}

// Not only the exit code: a thread that hangs in the kernel, or a child that was abandoned, would keep us from ending.
process.exit(quickHealth(argv) ?? (await run()));
