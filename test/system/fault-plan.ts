import type { Bench } from './fault-bench.ts';
import { ACTIONS, type FaultCase, type Pass, trace } from './fault-case.ts';
import { whyNone } from './fault-limits.ts';
import { type Process, SCENARIOS, type Scenario } from './fault-scenarios.ts';
import type { Row } from './fault-table.ts';

export interface Planned extends FaultCase {
  readonly row: Row;
}

export interface Plan {
  /** One for each place, with what means nothing there filled in. */
  readonly rows: readonly Row[];
  readonly cases: readonly Planned[];
  /** The points that anybody came by. */
  readonly passed: ReadonlySet<string>;
}

/** Goes every way once with all points idle, and makes of who came by where what is to be tried. */
export async function planCases(benches: readonly Bench[]): Promise<Plan> {
  const rows: Row[] = [];
  const cases: Planned[] = [];
  const passed = new Set<string>();
  const traces = await traceAll(benches);
  for (const scenario of SCENARIOS) {
    const passes = traces.get(scenario) ?? [];
    for (const pass of someOf(passes.filter(({ point }) => !passed.has(point)))) {
      const row: Row = { name: `${scenario.name}: ${pass.point}#${pass.pass}`, cells: new Map() };
      rows.push(row);
      for (const action of ACTIONS) {
        const one = { ...pass, scenario, action, row, ...circumstancesOf(scenario, passes, pass) };
        const why = whyNone(one);
        if (why === undefined) cases.push(one);
        else row.cells.set(action, { kind: 'none', why });
      }
    }
    for (const { point } of passes) passed.add(point);
  }
  return { rows, cases, passed };
}

async function traceAll(benches: readonly Bench[]): Promise<ReadonlyMap<Scenario, readonly Pass[]>> {
  const traces = new Map<Scenario, readonly Pass[]>();
  const todo = [...SCENARIOS];
  const next = async (bench: Bench): Promise<void> => {
    for (let one = todo.shift(); one !== undefined; one = todo.shift()) traces.set(one, await trace(bench, one));
  };
  await Promise.all(benches.map(next));
  return traces;
}

/** Where there are several passes: the first and the last. */
function someOf(passes: readonly Pass[]): readonly Pass[] {
  const most = new Map<string, number>();
  for (const { point, pass } of passes) most.set(point, Math.max(pass, most.get(point) ?? 0));
  const seen = new Set<string>();
  return passes.filter(({ point, pass }) => {
    const wanted = pass === 1 || pass === most.get(point);
    const isNew = !seen.has(`${point}#${pass}`);
    seen.add(`${point}#${pass}`);
    return wanted && isNew;
  });
}

const circumstancesOf = (scenario: Scenario, passes: readonly Pass[], pass: Pass) => ({
  lives: livesAt(scenario, passes, pass),
  whilePost: isWhilePost(passes, pass),
  isOver: has(passes, pass, 'guard.bye.before'),
});

/** The guard lives from its start until it is told to go, and in its own last steps. */
function livesAt({ dies }: Scenario, passes: readonly Pass[], pass: Pass): readonly Process[] {
  const dead = has(passes, pass, 'guard.freeze.after') ? dies : undefined;
  const started = has(passes, pass, 'guard.open.before') && !has(passes, pass, 'guard.bye.after');
  const guard = pass.role === 'guard' || (started && dead === undefined);
  const daemon = pass.role !== 'guard' || dead === undefined;
  return [...(daemon ? ['daemon' as const] : []), ...(guard ? ['guard' as const] : [])];
}

const has = (passes: readonly Pass[], pass: Pass, point: string): boolean => {
  const index = passes.findIndex((each) => each.point === point);
  return index >= 0 && index <= passes.indexOf(pass);
};

/** A post script runs, or that it has run is not on record yet. */
function isWhilePost(passes: readonly Pass[], pass: Pass): boolean {
  const at = passes.indexOf(pass);
  const begins = passes.findIndex(({ point }) => point === 'post-script.run.before');
  const ends = passes.findIndex(({ point }, index) => index > begins && point === 'owed.write.after');
  return begins >= 0 && at > begins && at <= ends;
}

/**
 * Begins elsewhere every day, and takes a case of each row before the second of any. With `CI` set it is the same part
 * each time: whether a change may land is not for the date to say.
 */
export function rotated(planned: readonly Planned[]): Planned[] {
  const day = process.env.CI ? 0 : Math.floor(Date.now() / 86_400_000);
  const rows = [...new Set(planned.map(({ row }) => row))];
  return planned
    .map((one) => {
      const mine = planned.filter(({ row }) => row === one.row);
      const turn = (mine.indexOf(one) + day) % mine.length;
      const place = (rows.indexOf(one.row) * 37 + day * 11) % rows.length;
      return { one, order: turn * rows.length + place };
    })
    .sort((a, b) => a.order - b.order)
    .map(({ one }) => one);
}
