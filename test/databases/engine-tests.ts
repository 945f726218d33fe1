import t, { type Test } from 'tap';
import { loopTest, type Rig } from '../system/loop.ts';
import type { Engine } from './engine.ts';

const ONLY = new RegExp(process.env.QUIESCED_DB_ONLY ?? '');

/** A test of each of these, or of those that QUIESCED_DB_ONLY matches; skipped, with the reason, where it is not installed. */
export function engineTests(
  engines: readonly Engine[],
  limitMs: number,
  body: (t: Test, rig: Rig, engine: Engine) => Promise<void>,
): void {
  for (const engine of engines.filter(({ name }) => ONLY.test(name))) {
    const missing = engine.missing();
    if (missing !== false) {
      t.test(engine.name, { skip: missing }, async () => undefined);
      continue;
    }
    loopTest(engine.name, async (t, rig) => {
      t.setTimeout(limitMs);
      await body(t, rig, engine);
    });
  }
}
