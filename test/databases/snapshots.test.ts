/**
 * Snapshots of real databases under load: each copy is mounted elsewhere, the server is started on it, checks its own
 * files, and has the rows that it must have and no others. `QUIESCED_DB_ROUNDS` of each (3), and up to 5 with quiescing
 * off and with nothing at all, to show what it is worth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import { monotonicMs } from '../system/loop-observe.ts';
import { type Boundary, boundaryOf, brokenIn } from './boundary.ts';
import type { Engine, Server } from './engine.ts';
import { engineTests } from './engine-tests.ts';
import { engines } from './engines.ts';
import { type Load, startLoad } from './load.ts';
import { prepareStage, type Stage } from './stage.ts';

const ROUNDS = Number(process.env.QUIESCED_DB_ROUNDS ?? 3);
const LIMIT_MS = 300_000 + ROUNDS * 240_000;
const LOAD_MS = 400;
/** Of those that promise nothing, so many are enough to see what they are worth. */
const COMPARED = Number(process.env.QUIESCED_DB_COMPARED ?? 5);
const HOW = ['held', 'not held', 'nothing'] as const;

interface Round {
  readonly how: (typeof HOW)[number];
  readonly lost: number;
  readonly tooNew: number;
  /** What a start or a check has said against the copy. */
  readonly broken: string | undefined;
  /** The longest that a row has waited. */
  readonly waitedMs: number;
  readonly startMs: number;
}

const table: string[] = [];
t.setTimeout(engines.length * LIMIT_MS);
t.teardown(() => {
  for (const line of [
    'database | how | copies | started and sound | rows lost | rows too new | longest wait | start',
    ...table,
  ])
    t.comment(line);
});

engineTests(engines, LIMIT_MS, async (t, rig, engine) => {
  const stage = await prepareStage(rig, engine);
  const server = await engine.start(stage.places);
  const rounds: Round[] = [];
  let row = 1;
  try {
    for (const how of HOW) {
      for (let count = 0; count < (how === 'held' ? ROUNDS : Math.min(ROUNDS, COMPARED)); count += 1) {
        const load = await startLoad(server, row);
        await sleep(LOAD_MS);
        const round = await oneRound(engine, stage, load, how);
        row = (load.rows.at(-1)?.row ?? row) + 1;
        rounds.push(round);
        if (how !== 'held') continue;
        t.match(round, { lost: 0, tooNew: 0, broken: undefined }, `copy ${count + 1}, ${row} rows`);
      }
    }
  } finally {
    await server.stop();
  }
  table.push(
    ...HOW.map((how) =>
      lineOf(
        engine,
        how,
        rounds.filter((round) => round.how === how),
      ),
    ),
  );
});

async function oneRound(engine: Engine, stage: Stage, load: Load, how: Round['how']): Promise<Round> {
  const beganMs = monotonicMs();
  const { outcome, stderr } = await stage.snapshot(how);
  const boundary: Boundary =
    outcome === undefined
      ? { fromMs: beganMs, toMs: monotonicMs() }
      : boundaryOf(how === 'held' ? engine : { blocks: 'nothing' }, outcome);
  await sleep(50);
  const waitedMs = load.longestMs(beganMs);
  await load.stop();
  if (how === 'held' && !(outcome !== undefined && wasHeld(outcome))) {
    const said = { consistency: outcome?.consistency, reason: outcome?.reason, faults: outcome?.faults, stderr };
    return { how, lost: 0, tooNew: 0, broken: JSON.stringify(said), waitedMs, startMs: 0 };
  }
  return stage.withCopy(async (places) => {
    let server: Server | undefined;
    const startedMs = monotonicMs();
    try {
      engine.adopt?.(places);
      server = await engine.start(places);
      const startMs = monotonicMs() - startedMs;
      await server.check();
      return { how, ...brokenIn(load.rows, await server.rows(), boundary), broken: undefined, waitedMs, startMs };
    } catch (error) {
      return { how, lost: 0, tooNew: 0, broken: String(error).slice(0, 500), waitedMs, startMs: 0 };
    } finally {
      await server?.stop();
    }
  });
}

function lineOf({ name }: Engine, how: Round['how'], rounds: readonly Round[]): string {
  const sum = (of: (round: Round) => number) => rounds.reduce((total, round) => total + of(round), 0);
  const most = (of: (round: Round) => number) => Math.round(Math.max(0, ...rounds.map(of)));
  const sound = rounds.filter(({ broken }) => broken === undefined).length;
  const why =
    rounds
      .find(({ broken }) => broken !== undefined)
      ?.broken?.split('\n')
      .at(-1)
      ?.slice(0, 160) ?? '';
  return `${name} | ${how} | ${rounds.length} | ${sound} | ${sum(({ lost }) => lost)} | ${sum(({ tooNew }) => tooNew)} | ${most(({ waitedMs }) => waitedMs)} ms | ${most(({ startMs }) => startMs)} ms ${why}`;
}

/** Another database of this machine, which is nobody's to hold here, costs the level and nothing else. */
const wasHeld = ({ consistency, reason, faults }: Outcome): boolean =>
  faults.length === 0 && (consistency === 'application' || reason.startsWith('running and not held: '));
