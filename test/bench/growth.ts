/**
 * `npm run bench:growth`: how the longest write stall grows with the number of file systems, by type, ours beside QEMU's
 * guest agent; and what a whole cycle costs beside the freeze. See test/bench/README.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Arena, type ArenaType, openArena } from './arena.ts';
import { findQemuGa } from './install.ts';
import { measure, type Sample } from './measure.ts';
import { ours } from './ours.ts';
import type { Peer } from './peer.ts';
import { qemuGuestAgent } from './qemu-ga.ts';
import { spread, thisMachine } from './table.ts';
import { startWriters } from './writers.ts';

const MAIN = join(import.meta.dirname, '../../agent/main.ts');
const TYPES: readonly ArenaType[] = ['ext4', 'xfs', 'btrfs'];
const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    counts: { type: 'string', default: '1,2,4,8,16,32' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = values.quick ? 1 : Number(values.rounds);
const counts = values.quick ? [1, 2] : values.counts.split(',').map(Number);
if (!(rounds >= 1) || !counts.every((count) => count >= 1 && count <= 64)) throw new Error('impossible numbers');
if (process.geteuid?.() !== 0) throw new Error('only root can mount and freeze file systems');

/** Of one type and number. */
interface Row {
  readonly type: ArenaType;
  readonly count: number;
  readonly oursMs: number;
  readonly qemuMs: number | undefined;
  /** Median of the ratios of each round. */
  readonly ratio: number | undefined;
  readonly cycle: Cycle;
}

/** A rehearsal by the program as it is: medians, in ms. */
interface Cycle {
  readonly wholeMs: number;
  readonly frozenMs: number;
}

async function rowOf(type: ArenaType, count: number, qemuGa: string | undefined): Promise<Row> {
  const arena = await openArena('/var/tmp', count, type);
  try {
    const peers: readonly Peer[] = [
      await ours(arena),
      ...(qemuGa === undefined ? [] : [await qemuGuestAgent(arena, qemuGa)]),
    ];
    const samples = await measured(arena, peers);
    for (const peer of peers) await peer.close();
    const of = (id: Peer['id']) => samples.filter(({ peer }) => peer === id).map(({ stallMs }) => stallMs);
    const [own, other] = [of('ours'), of('qemu-ga')];
    return {
      type,
      count,
      oursMs: middle(own),
      qemuMs: other.length === 0 ? undefined : middle(other),
      ratio: other.length === 0 ? undefined : middle(own.map((stallMs, round) => (other[round] ?? 0) / stallMs)),
      cycle: cycleOf(arena),
    };
  } finally {
    await arena.close();
  }
}

/** Paired, each round beginning with the other one; the first round is not counted. */
async function measured(arena: Arena, peers: readonly Peer[]): Promise<readonly Sample[]> {
  const writers = startWriters(arena);
  const samples: Sample[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
      const patienceMs = values.quick || round === 0 ? 0 : 10_000;
      const sample = await measure(arena, writers, { peer, scene: 'idle', round, patienceMs });
      if (round > 0) samples.push(sample);
    }
  }
  await writers.close();
  return samples;
}

function cycleOf(arena: Arena): Cycle {
  const root = join(arena.folder, 'cycle');
  mkdirSync(root);
  const mounts = arena.fileSystems.flatMap(({ mountPoint }) => ['--mount', mountPoint]);
  const runs = Array.from({ length: rounds }, () => {
    const text = execFileSync(process.execPath, [MAIN, 'rehearse', '--yes', '--json', ...mounts], {
      env: {
        PATH: process.env.PATH,
        QUIESCED_TEST: '1',
        QUIESCED_TEST_ROOT: root,
        QUIESCED_TEST_DEVICES: arena.fileSystems.map(({ id }) => id).join(','),
      },
      timeout: 60_000,
      encoding: 'utf8',
    });
    return JSON.parse(text) as { tookMs: number; frozenMs: number };
  });
  return { wholeMs: middle(runs.map(({ tookMs }) => tookMs)), frozenMs: middle(runs.map(({ frozenMs }) => frozenMs)) };
}

const middle = (all: readonly number[]): number => spread(all)?.median ?? Number.NaN;

const ms = (value: number | undefined): string => value?.toFixed(value < 100 ? 1 : 0) ?? '';

function print(rows: readonly Row[]): void {
  const { cpus, cpuModel, kernel } = thisMachine();
  process.stdout.write(`idle, ${rounds} rounds, medians, ms; ${cpus} CPUs (${cpuModel}), kernel ${kernel}\n\n`);
  process.stdout.write(
    '| type | file systems | longest stall, ours | qemu-ga | ratio | whole cycle | frozen of it |\n',
  );
  process.stdout.write('|---|--:|--:|--:|--:|--:|--:|\n');
  for (const { type, count, oursMs, qemuMs, ratio, cycle } of rows) {
    const cells = [ms(oursMs), ms(qemuMs), ratio === undefined ? '' : `1/${ratio.toFixed(1)}`];
    process.stdout.write(
      `| ${type} | ${count} | ${cells.join(' | ')} | ${ms(cycle.wholeMs)} | ${ms(cycle.frozenMs)} |\n`,
    );
  }
}

const qemuGa = await findQemuGa(say);
const rows: Row[] = [];
try {
  for (const type of TYPES) {
    for (const count of counts) {
      say(`${count} × ${type}`);
      // It would have to see devices to find a btrfs, and then could freeze what is not ours (peers/nest.c).
      rows.push(await rowOf(type, count, type === 'btrfs' ? undefined : qemuGa));
    }
  }
} finally {
  print(rows);
}
