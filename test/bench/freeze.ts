import { parseArgs } from 'node:util';
import { type Arena, openArena } from './arena.ts';
import { wasCalm } from './calm.ts';
import { findQemuGa } from './install.ts';
import { expedited, measure, type Sample, wasFlushedBefore } from './measure.ts';
import { ours } from './ours.ts';
import { allTricks, nobody, type Peer, plainIoctls } from './peer.ts';
import { qemuGuestAgent } from './qemu-ga.ts';
import { renderTable, rowsOf, thisMachine } from './table.ts';
import { startWriters, type Writers } from './writers.ts';

const HELP = `Longest write stall and frozen window of a freeze, ours against others. See test/bench/README.md.

  node test/bench/freeze.ts [--rounds 9] [--count 8] [--only PEER,PEER] [--in FOLDER] [--quick] [--json]

  --rounds N   measurements of each peer in each case
  --count N    loop-mounted file systems
  --only LIST  of: none, plain, tricks, qemu-ga, ours
  --in FOLDER  where the images lie (default /var/tmp); one in memory takes the disk out of the figures
  --quick      2 rounds, 3 file systems: a smoke test, no figures to quote
  --json       everything that was measured, instead of the table
`;

interface Options {
  readonly rounds: number;
  readonly count: number;
  readonly only: readonly string[];
  readonly folder: string;
  /** How long each measurement may wait for a calm moment. */
  readonly patienceMs: number;
  readonly json: boolean;
}

const say = (line: string): void => {
  process.stderr.write(`bench: ${line}\n`);
};

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  if (process.geteuid?.() !== 0) throw new Error('only root can mount and freeze file systems');
  const qemuGa = wants(options, 'qemu-ga') ? await findQemuGa(say) : undefined;
  const expeditedBefore = await expedited();
  const stop = stopOnSignal();
  const arena = await openArena(options.folder, options.count);
  try {
    const peers = await openPeers(arena, options, qemuGa);
    const writers = startWriters(arena);
    const samples = await measureAll({ arena, writers, peers, options, stop });
    for (const peer of peers) await peer.close();
    await writers.close();
    print(samples, peers, options);
  } finally {
    await arena.close();
  }
  if ((await expedited()) !== expeditedBefore) say(`rcu_expedited was ${expeditedBefore} and is not any more`);
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      count: { type: 'string' },
      only: { type: 'string' },
      in: { type: 'string', default: '/var/tmp' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 9));
  const count = Number(values.count ?? (values.quick ? 3 : 8));
  if (!(rounds >= 1 && count >= 1 && count <= 64)) throw new Error(`impossible numbers; ${HELP}`);
  const patienceMs = values.quick ? 0 : 10_000;
  return { rounds, count, patienceMs, json: values.json, only: values.only?.split(',') ?? [], folder: values.in };
}

const wants = (options: Options, id: Peer['id']): boolean => options.only.length === 0 || options.only.includes(id);

async function openPeers(arena: Arena, options: Options, qemuGa: string | undefined): Promise<readonly Peer[]> {
  const peers = [nobody, plainIoctls(arena), allTricks(arena)].filter((peer) => wants(options, peer.id));
  if (qemuGa !== undefined) peers.push(await qemuGuestAgent(arena, qemuGa));
  if (wants(options, 'ours')) peers.push(await ours(arena));
  return peers;
}

interface Run {
  readonly arena: Arena;
  readonly writers: Writers;
  readonly peers: readonly Peer[];
  readonly options: Options;
  readonly stop: AbortSignal;
}

/** Paired: each round measures all, and each round begins with another one. */
async function measureAll({ arena, writers, peers, options, stop }: Run): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const { patienceMs } = options;
  for (const scene of ['idle', 'dirty'] as const) {
    // Not counted: the first time allocates the images' blocks and loads everybody's pages.
    for (const peer of peers) {
      stop.throwIfAborted();
      await measure(arena, writers, { peer, scene, round: 0, patienceMs: 0 });
    }
  }
  for (let round = 1; round <= options.rounds; round++) {
    say(`round ${round} of ${options.rounds}`);
    const first = round % peers.length;
    const order = [...peers.slice(first), ...peers.slice(0, first)];
    for (const scene of ['idle', 'dirty'] as const) {
      for (const peer of order) {
        stop.throwIfAborted();
        samples.push(await measure(arena, writers, { peer, scene, round, patienceMs }));
      }
    }
  }
  await writers.reset();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await writers.report(); // throws when one of them is still frozen
  return samples;
}

function print(samples: readonly Sample[], peers: readonly Peer[], options: Options): void {
  const machine = thisMachine();
  const rows = rowsOf(samples, peers);
  const flushed = samples.filter(wasFlushedBefore).length;
  if (flushed > 0) say(`in ${flushed} measurements the data was written back before the freeze came: they flatter`);
  const disturbed = samples.filter((sample) => !wasCalm(sample.idleShare)).length;
  if (disturbed > 0)
    say(`${disturbed} of ${samples.length} measurements while something else kept the processors busy`);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ schema: 1, machine, rows, samples })}\n`);
    return;
  }
  const { cpus, cpuModel, kernel, memoryGiB } = machine;
  const date = new Date().toISOString().slice(0, 10);
  process.stdout.write(
    `${options.count} ext4, ${options.rounds} rounds, ${date}; ${cpus} CPUs (${cpuModel}), kernel ${kernel}, ${memoryGiB} GiB\n\n`,
  );
  process.stdout.write(renderTable(rows));
}

/** Aborted by SIGINT and SIGTERM; the measurement that is under way is finished first. A second one ends us at once. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      say(`${name}: cleaning up`);
      process.exitCode = 130;
      stop.abort(new Error(name));
    });
  }
  return stop.signal;
}

try {
  await main();
} catch (error) {
  // A signal has set it already, and needs no stack.
  if (process.exitCode === undefined) say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode ??= 1;
}
