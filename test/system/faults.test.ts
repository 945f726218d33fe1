/**
 * The fault matrix: at every fault point each way to fail, and after it all that is promised whatever fails. The whole
 * of it takes minutes: `npm run test:faults`. Otherwise each point is passed once, and what fits into half a minute of
 * the matrix is tried, another part every day.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../packaging/build.ts';
import { createBench } from './fault-bench.ts';
import { ACTIONS, type FaultCase, type Pass, trace, witness } from './fault-case.ts';
import { whyNone } from './fault-limits.ts';
import { allFaultPoints } from './fault-points.ts';
import { type Process, SCENARIOS, type Scenario } from './fault-scenarios.ts';
import { type Cell, matrixText, type Row } from './fault-table.ts';
import { brokenPromises } from './fault-verdict.ts';
import { loopTest } from './loop.ts';
import { monotonicMs } from './loop-observe.ts';

const FULL = process.env.QUIESCED_TEST_FAULTS === 'full';
/** Only what matches, for who mends something: `snapshot freeze-record.intend.after#1 kill guard`. */
const ONLY = new RegExp(process.env.QUIESCED_TEST_FAULTS_ONLY ?? '');
const SHORT_MS = 25_000;
const LIMIT_MS = FULL ? 40 * 60_000 : 200_000;

interface Tried {
  readonly cell: Cell;
  readonly stallMs: number;
}

interface Planned extends FaultCase {
  readonly row: Row;
}

const built = mkdtempSync(join(tmpdir(), 'quiesced-faults-'));
t.teardown(() => rmSync(built, { recursive: true, force: true }));
// As it is installed; and it starts in a third of the time.
await bundle(join(built, 'quiesced'));

t.setTimeout(LIMIT_MS);
loopTest('whatever fails at any step', async (t, rig) => {
  t.setTimeout(LIMIT_MS);
  const main = join(built, 'quiesced/quiesced.mjs');
  const benches = await Promise.all(['a', 'b'].map((name) => createBench(t, rig, name, main)));
  const [bench] = benches;
  if (bench === undefined) throw new Error('no bench');

  const rows: Row[] = [];
  const planned: Planned[] = [];
  const known = new Set<string>();
  for (const scenario of SCENARIOS) {
    const passes = await trace(bench, scenario);
    for (const pass of someOf(passes.filter(({ point }) => !known.has(point)))) {
      const row: Row = { name: `${scenario.name}: ${pass.point}#${pass.pass}`, cells: new Map() };
      rows.push(row);
      for (const action of ACTIONS) {
        const one = { ...pass, scenario, action, row, ...circumstancesOf(scenario, passes, pass) };
        const why = whyNone(one);
        if (why !== undefined) row.cells.set(action, { kind: 'none', why });
        else if (ONLY.test(`${row.name} ${action}`)) planned.push(one);
      }
    }
    for (const { point } of passes) known.add(point);
  }
  const missed = allFaultPoints().filter(({ name }) => !known.has(name) && !(name in UNREACHABLE));
  t.strictSame(missed, [], 'every fault point of the sources is passed on some way');

  const todo = FULL ? [...planned] : rotated(planned);
  const endMs = FULL ? Number.POSITIVE_INFINITY : monotonicMs() + SHORT_MS;
  let tried = 0;
  let longestMs = 0;
  await Promise.all(
    benches.map(async (mine) => {
      for (let one = todo.shift(); one !== undefined && monotonicMs() < endMs; one = todo.shift()) {
        const { cell, stallMs }: Tried = await tryOut(one).catch((error) => ({ cell: broken(error), stallMs: 0 }));
        one.row.cells.set(one.action, cell);
        tried += 1;
        if (one.scenario.name !== 'recovery' && cell.kind === 'kept' && cell.help !== 'next start') {
          longestMs = Math.max(longestMs, stallMs);
        }
        const what = `${one.row.name}, ${one.action}`;
        if (cell.kind === 'broken') t.fail(`${what}: ${cell.promises.join('; ')}`);
        else if (cell.kind === 'kept') t.pass(`${what}: settled, help: ${cell.help}`);
      }
      async function tryOut(one: Planned): Promise<Tried> {
        const seen = await witness(mine, one);
        const promises = await brokenPromises(mine, one, seen);
        const cell: Cell = promises.length === 0 ? { kind: 'kept', help: seen.help } : { kind: 'broken', promises };
        return { cell, stallMs: seen.stallMs };
      }
    }),
  );
  for (const line of matrixText(rows).split('\n')) t.comment(line);
  const variant = FULL ? 'THE FULL MATRIX' : `THE SHORT VARIANT ONLY (all of it: npm run test:faults)`;
  t.comment(`${variant}: ${tried} of ${planned.length} combinations at ${rows.length} places`);
  t.comment(`the longest write that was held back without the next start: ${Math.round(longestMs)} ms`);
  t.ok(tried > 0 && (!FULL || tried === planned.length), `${tried} combinations were tried`);
});

const broken = (error: unknown): Cell => ({ kind: 'broken', promises: [String(error)] });

/** Why nobody comes by there in any of the scenarios. */
const UNREACHABLE: Readonly<Record<string, string>> = {};

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

/** Begins elsewhere every day, and takes a case of each row before the second of any. */
function rotated(planned: readonly Planned[]): Planned[] {
  const day = Math.floor(Date.now() / 86_400_000);
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
