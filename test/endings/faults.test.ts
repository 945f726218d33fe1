/**
 * The fault matrix: at every fault point each way to fail, and after it all that is promised whatever fails. The whole
 * of it takes minutes: `npm run test:faults`. Otherwise each point is passed once, and what fits into half a minute of
 * the matrix is tried, another part every day, and the same one where CI is set.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../packaging/build.ts';
import { createBench } from '../system/fault-bench.ts';
import { witness } from '../system/fault-case.ts';
import { allowedFor } from '../system/fault-limits.ts';
import { type Planned, planCases, rotated } from '../system/fault-plan.ts';
import { allFaultPoints } from '../system/fault-points.ts';
import { type Cell, matrixText } from '../system/fault-table.ts';
import { brokenPromises } from '../system/fault-verdict.ts';
import { loopTest } from '../system/loop.ts';
import { monotonicMs } from '../system/loop-observe.ts';

const FULL = process.env.QUIESCED_TEST_FAULTS === 'full';
/** Only what matches, for who mends something: `snapshot freeze-record.intend.after#1 kill guard`. */
const ONLY = new RegExp(process.env.QUIESCED_TEST_FAULTS_ONLY ?? '');
const SHORT_MS = 25_000;
const LIMIT_MS = FULL ? 40 * 60_000 : 900_000;

interface Tried {
  readonly cell: Cell;
  readonly stallMs: number;
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
  const { rows, cases, passed } = await planCases(benches);
  // Those of the extension are passed by its own jobs (test/hostile/azure-kills.test.ts), shadow copies on Windows alone.
  const missed = allFaultPoints().filter(
    ({ name, file }) => file.startsWith('agent/') && !file.startsWith('agent/takers/vss/') && !passed.has(name),
  );
  t.strictSame(missed, [], 'every fault point of the sources is passed on some way');
  const planned = cases.filter(({ row, action }) => ONLY.test(`${row.name} ${action}`));

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
        // Where somebody is left to thaw in time, that is.
        if (one.scenario.name !== 'recovery' && !allowedFor(one).thawByNextStart)
          longestMs = Math.max(longestMs, stallMs);
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
  t.comment(`the longest write that was held back, where anybody was left to thaw: ${Math.round(longestMs)} ms`);
  t.ok(tried > 0 && (!FULL || tried === planned.length), `${tried} combinations were tried`);
});

const broken = (error: unknown): Cell => ({ kind: 'broken', promises: [String(error)] });
