import t, { type Test } from 'tap';
import { type Machine, start } from './machine.ts';
import { type Extra, PLAIN } from './recipe.ts';
import { record } from './results.ts';
import { FULL_RUN, ROUNDS } from './rounds.ts';
import { bareState, readyState, type State, unpackPrograms } from './states.ts';
import { whyNot } from './tools.ts';

/** Nothing takes so long, also on a machine that has other things to do. */
const ROUND_MS = 900_000;

/** A test with a machine of its own, which goes on from this state and is gone afterwards, whatever happens. */
export function vmTest(
  title: string,
  from: State['name'],
  body: (t: Test, machine: Machine, state: State) => Promise<void>,
  extra: Extra = PLAIN,
): void {
  t.test(title, { skip: whyNot(), timeout: 0 }, async (t) => {
    const say = (line: string): void => t.comment(line);
    const state = await (from === 'bare' ? bareState : readyState)(say, extra);
    const machine = await start(state);
    try {
      await unpackPrograms(machine);
      await machine.save(state.name);
      await body(t, machine, state);
    } catch (error) {
      t.comment(`the console says:\n${machine.console().slice(-2000)}`);
      throw error;
    } finally {
      await machine.end();
    }
  });
}

/** What is done again and again. */
export interface Rounds {
  readonly scenario: string;
  /** What the milliseconds are of that `body` gives back. */
  readonly measured: string;
  /** The state of this machine that every round begins with; without one, each begins where the last one ended. */
  readonly from?: string;
  /** Fewer than the others, for what takes long: in a short run, and in one with more rounds than usual. */
  readonly atMost?: { readonly short: number; readonly full: number };
  /** Where the number has nothing to do with that of the run. */
  readonly count?: number;
}

/** Runs the rounds and puts a line into the table. One that fails does not keep the others from being run. */
export async function rounds(
  t: Test,
  machine: Machine,
  {
    scenario,
    measured,
    from,
    atMost,
    count = Math.min(ROUNDS, (FULL_RUN ? atMost?.full : atMost?.short) ?? ROUNDS),
  }: Rounds,
  body: (t: Test, round: number) => Promise<number | undefined>,
): Promise<void> {
  const ms: number[] = [];
  let passed = 0;
  for (let round = 1; round <= count; round++) {
    await t.test(`${scenario}, round ${round} of ${count}`, { timeout: ROUND_MS }, async (t) => {
      if (from !== undefined) await machine.revert(from);
      const took = await body(t, round);
      if (took !== undefined) ms.push(took);
      if (t.passing()) passed += 1;
    });
  }
  // One that was not run at all, since the file's time was up, has not passed.
  record({ scenario, measured, rounds: count, failed: count - passed, ms });
}
