import { cpus, release, totalmem } from 'node:os';
import type { Sample, Scene } from './measure.ts';
import type { Peer } from './peer.ts';

/** All rounds of one peer in one scene. */
export interface Row {
  readonly scene: Scene;
  readonly peer: Peer['id'];
  readonly title: string;
  readonly rounds: number;
  readonly stallMs: Spread;
  readonly windowMs: Spread;
  /** Median over the rounds of this stall by the other's in the same round; `undefined` where that says nothing. */
  readonly toQemuGa: number | undefined;
  readonly toLimit: number | undefined;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function rowsOf(samples: readonly Sample[], peers: readonly Peer[]): readonly Row[] {
  return (['idle', 'dirty'] as const).flatMap((scene) => {
    const ofScene = samples.filter((sample) => sample.scene === scene);
    return peers.flatMap((peer) => {
      const own = ofScene.filter((sample) => sample.peer === peer.id);
      const stallMs = spread(own.map((sample) => sample.stallMs));
      const windowMs = spread(own.map((sample) => sample.windowMs));
      if (stallMs === undefined || windowMs === undefined) return [];
      const toQemuGa = ratio(own, ofScene, 'qemu-ga');
      const toLimit = ratio(own, ofScene, 'tricks');
      return { scene, peer: peer.id, title: peer.title, rounds: own.length, stallMs, windowMs, toQemuGa, toLimit };
    });
  });
}

function ratio(own: readonly Sample[], all: readonly Sample[], other: Peer['id']): number | undefined {
  const ratios = own.flatMap(({ peer, round, stallMs }) => {
    const pair = all.find((sample) => sample.peer === other && sample.round === round);
    return pair === undefined || peer === other || peer === 'none' ? [] : [stallMs / pair.stallMs];
  });
  return spread(ratios)?.median;
}

export function spread(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return undefined;
  const upper = sorted[Math.floor(sorted.length / 2)] ?? max;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? min;
  return { median: (lower + upper) / 2, min, max };
}

const SCENES: Readonly<Record<Scene, string>> = { idle: 'idle', dirty: '64 MiB dirty each' };

/** Markdown, to be pasted into README.md as it is. */
export function renderTable(rows: readonly Row[]): string {
  const lines = rows.map((row) =>
    cells([
      SCENES[row.scene],
      row.title,
      ms(row.stallMs.median),
      `${ms(row.stallMs.min)}–${ms(row.stallMs.max)}`,
      row.peer === 'none' ? '' : ms(row.windowMs.median),
      row.toQemuGa === undefined ? '' : fraction(row.toQemuGa),
      row.toLimit === undefined ? '' : `${row.toLimit.toFixed(row.toLimit < 10 ? 2 : 0)} ×`,
    ]),
  );
  const heads = ['case', 'who', 'stall, ms', 'min–max', 'window, ms', 'to qemu-ga', 'to the limit'];
  return [cells(heads), '|---|---|--:|--:|--:|--:|--:|', ...lines, ''].join('\n');
}

const cells = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;

const ms = (value: number): string => value.toFixed(value < 100 ? 1 : 0);

const fraction = (ratio: number): string =>
  ratio < 0.95 ? `1/${(1 / ratio).toFixed(ratio < 0.1 ? 0 : 1)}` : `${ratio.toFixed(1)} ×`;

export interface Machine {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly kernel: string;
  readonly memoryGiB: number;
}

export const thisMachine = (): Machine => ({
  cpus: cpus().length,
  cpuModel: cpus()[0]?.model ?? 'unknown',
  kernel: release(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
});
