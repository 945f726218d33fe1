/**
 * How long rows wait for a snapshot, beside the script that everybody writes: the same load, the same copy, one after the
 * other in one run. `QUIESCED_BENCH_ROUNDS` pairs of each (8). Nothing is asserted but that both have come to their end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { AS, type Engine, type Places } from '../databases/engine.ts';
import { clientTo } from '../databases/engine-mariadb.ts';
import { psqlTo } from '../databases/engine-postgresql.ts';
import { engineTests } from '../databases/engine-tests.ts';
import { engines } from '../databases/engines.ts';
import { startLoad } from '../databases/load.ts';
import { prepareStage, type Stage } from '../databases/stage.ts';
import { monotonicMs } from '../system/loop-observe.ts';

const ROUNDS = Number(process.env.QUIESCED_BENCH_ROUNDS ?? 8);
const LIMIT_MS = 60_000 + ROUNDS * 60_000;
/** Before and after each of them the load runs free. */
const FREE_MS = 300;

const quoted = (argv: readonly string[]): string => argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

/** What an administrator writes when he is told to "quiesce the database, freeze, snapshot, thaw, release". */
function obviousScript({ kind }: Engine, { places, mounted, copyScript }: Stage): string {
  const freeze = mounted.map(({ mountPoint }) => `fsfreeze -f ${mountPoint}`).join('\n');
  const thaw = mounted.map(({ mountPoint }) => `fsfreeze -u ${mountPoint}`).join('\n');
  const [before, after] = AROUND[kind]?.(places) ?? ['', ''];
  return `${before}\n${freeze}\n. ${copyScript}\n${thaw}\n${after}`;
}

/** A client in the background with a lock and a sleep, and a sleep to be sure that it has it. */
const AROUND: Readonly<Record<string, (places: Places) => readonly [string, string]>> = {
  mariadb: (places) => [
    `${quoted([...clientTo(places), '-e'])} 'FLUSH TABLES WITH READ LOCK; DO SLEEP(60)' & client=$!\nsleep 1`,
    'kill $client',
  ],
  postgresql: (places) => [`${quoted([...AS('postgres'), ...psqlTo(places)])} -c CHECKPOINT`, ''],
  redis: ({ run }) => [`redis-cli -s ${run}/redis.sock SAVE >/dev/null`, ''],
  sqlite: () => ['', ''],
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

t.setTimeout(engines.length * LIMIT_MS);
const table = ['database | rounds | ours: median, worst | obvious script: median, worst'];
t.teardown(() => {
  for (const line of table) t.comment(line);
});
engineTests(engines, LIMIT_MS, async (t, rig, engine) => {
  const stage = await prepareStage(rig, engine);
  const server = await engine.start(stage.places);
  const script = rig.put('opt/obvious', obviousScript(engine, stage));
  const waits = { ours: [] as number[], theirs: [] as number[] };
  let row = 1;
  const round = async (snapshot: () => Promise<unknown>): Promise<number> => {
    const load = await startLoad(server, row);
    await sleep(FREE_MS);
    const fromMs = monotonicMs();
    await snapshot();
    await sleep(FREE_MS);
    await load.stop();
    row = (load.rows.at(-1)?.row ?? row) + 1;
    return load.longestMs(fromMs);
  };
  try {
    for (let count = 0; count < ROUNDS; count += 1) {
      waits.ours.push(await round(() => stage.snapshot('held')));
      waits.theirs.push(await round(async () => once(spawn('/bin/sh', [script], { stdio: 'ignore' }), 'exit')));
    }
  } finally {
    await server.stop();
  }
  const shown = (values: readonly number[]) =>
    `${Math.round(median(values))} ms, ${Math.round(Math.max(...values))} ms`;
  table.push(`${engine.name} | ${ROUNDS} | ${shown(waits.ours)} | ${shown(waits.theirs)}`);
  t.equal(waits.theirs.length, ROUNDS);
});
