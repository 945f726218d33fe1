/**
 * `npm run bench:azure`: how long file systems are frozen, and writers stand still, while Azure takes its snapshots; by the
 * number of disks and the latency of the other side, in guest and in host mode. See test/bench/AZURE.md.
 */
import { parseArgs } from 'node:util';
import { makeCertificates } from '../azure/certificates.ts';
import { openArena } from './arena.ts';
import { type AzureDetail, azurePeer, startAzureSide } from './azure-peer.ts';
import { wasCalm } from './calm.ts';
import { measure, type Sample } from './measure.ts';
import { ours } from './ours.ts';
import type { Peer } from './peer.ts';
import { spread, thisMachine } from './table.ts';
import { startWriters } from './writers.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    counts: { type: 'string' },
    latencies: { type: 'string' },
    in: { type: 'string', default: '/var/tmp' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
const counts = (values.counts ?? (values.quick ? '2' : '1,4,8,32')).split(',').map(Number);
const latencies = (values.latencies ?? (values.quick ? '20' : '0,20,300')).split(',').map(Number);
if (!(rounds >= 1) || !counts.every((count) => count >= 1 && count <= 64)) throw new Error('impossible numbers');
if (process.geteuid?.() !== 0) throw new Error('only root can mount and freeze file systems');
/** What the aim allows beyond the other side's slowest answer and the freeze itself. */
const ALLOWED_MS = 10;
const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

/** One mode at one latency, or the freeze alone; medians. */
interface Row {
  readonly disks: number;
  readonly title: string;
  readonly stallMs: number;
  readonly windowMs: number;
  readonly slowestMs?: number;
  /** Window and stall beyond the slowest answer and the freeze of the same round. */
  readonly beyondMs?: { readonly window: number; readonly stall: number };
  readonly calm: number;
}

async function rowsOf(disks: number): Promise<readonly Row[]> {
  const certificates = makeCertificates();
  const arena = await openArena(values.in, disks);
  try {
    const side = await startAzureSide(arena, certificates.folder);
    const freeze = await ours(arena);
    const peers: Peer[] = [freeze];
    for (const from of ['onlyGuest', 'onlyHost'] as const)
      for (const latency of latencies) peers.push(await azurePeer(arena, side, certificates.ca, from, latency));
    const writers = startWriters(arena);
    const samples: Sample[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      for (const peer of [...peers.slice(round % peers.length), ...peers.slice(0, round % peers.length)]) {
        const patienceMs = values.quick || round === 0 ? 0 : 10_000;
        const sample = await measure(arena, writers, { peer, scene: 'idle', round, patienceMs });
        // The first time allocates the images' blocks and loads everybody's pages.
        if (round > 0) samples.push(sample);
      }
    }
    for (const peer of peers) await peer.close();
    await writers.close();
    await side.close();
    return peers.map((peer) => rowOf(disks, peer, samples));
  } finally {
    await arena.close();
    certificates.remove();
  }
}

function rowOf(disks: number, { id, title }: Peer, samples: readonly Sample[]): Row {
  const own = samples.filter(({ peer }) => peer === id);
  const common = {
    disks,
    title: id === 'ours' ? 'the freeze alone' : title,
    stallMs: middle(own.map(({ stallMs }) => stallMs)),
    windowMs: middle(own.map(({ windowMs }) => windowMs)),
    calm: own.filter(({ idleShare }) => wasCalm(idleShare)).length,
  };
  if (id === 'ours') return common;
  const pairs = own.flatMap((sample) => {
    const alone = samples.find(({ peer, round }) => peer === 'ours' && round === sample.round);
    const { slowestMs } = sample.detail as AzureDetail;
    return alone === undefined ? [] : [{ sample, alone, slowestMs }];
  });
  return {
    ...common,
    slowestMs: middle(pairs.map(({ slowestMs }) => slowestMs)),
    beyondMs: {
      window: middle(pairs.map(({ sample, alone, slowestMs }) => sample.windowMs - slowestMs - alone.windowMs)),
      stall: middle(pairs.map(({ sample, alone, slowestMs }) => sample.stallMs - slowestMs - alone.stallMs)),
    },
  };
}

const middle = (all: readonly number[]): number => spread(all)?.median ?? Number.NaN;
const ms = (value: number | undefined): string => value?.toFixed(1) ?? '';

const { cpus, cpuModel, kernel } = thisMachine();
process.stdout.write(`idle ext4, ${rounds} rounds, medians, ms; ${cpus} CPUs (${cpuModel}), kernel ${kernel}\n\n`);
process.stdout.write(
  '| disks | who, latency | window | stall | slowest request | window beyond | stall beyond | aim | calm rounds |\n',
);
process.stdout.write('|--:|---|--:|--:|--:|--:|--:|---|--:|\n');
for (const count of counts) {
  say(`${count} disks`);
  for (const { disks, title, windowMs, stallMs, slowestMs, beyondMs, calm } of await rowsOf(count)) {
    const met = beyondMs && (Math.max(beyondMs.window, beyondMs.stall) <= ALLOWED_MS ? 'met' : 'missed');
    const cells = [ms(windowMs), ms(stallMs), ms(slowestMs), ms(beyondMs?.window), ms(beyondMs?.stall), met ?? ''];
    process.stdout.write(`| ${disks} | ${title} | ${cells.join(' | ')} | ${calm} of ${rounds} |\n`);
  }
}
