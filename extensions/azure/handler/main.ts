import { runHandler } from './run.ts';

// The thread pool: as in the entrance of quiesced, which says why. Its size is fixed at its first use.
const THREADS = 64;
if (!(Number(process.env.UV_THREADPOOL_SIZE) >= THREADS)) process.env.UV_THREADPOOL_SIZE = String(THREADS);

// A thread that hangs in the kernel would keep us from ending.
process.exit(await runHandler(process.argv.slice(2), [process.execPath, ...process.execArgv, import.meta.filename]));
