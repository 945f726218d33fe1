import { runGuard } from '../../agent/freezer/guard-process.ts';
import { localSystem } from '../../agent/system/local.ts';

/** The guard without the rest of the agent: should the benchmark die, there is nothing else to give back. */
await runGuard(localSystem(), []);
