/** Programs as they are ended on Windows; run here, with the machine saying that it is one. */
import t from 'tap';
import { localSystem } from '../../../agent/system/local.ts';
import { startProgram } from '../../../agent/system/spawn.ts';
import type { RunResult, System } from '../../../agent/system/system.ts';

/** What taskkill does: nothing of it reaches the program. */
const started = (taskkill: Partial<RunResult>) => {
  const run: System['run'] = async () => ({ ended: 'exited', exitCode: 0, stdout: '', stderr: '', ...taskkill });
  return startProgram({ ...localSystem(), platform: 'windows', env: {}, run }, ['/bin/sleep', '300']);
};

for (const taskkill of [{ ended: 'timed-out', exitCode: undefined }, { exitCode: 1 }] as const) {
  t.test(`a program that taskkill did not end is ended all the same: ${JSON.stringify(taskkill)}`, async (t) => {
    const program = await started(taskkill);
    t.strictSame(await program.killAll(0), []);
    t.match(await program.ended, { ended: 'signalled' });
  });
}
