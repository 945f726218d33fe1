/**
 * `npm run bench:health [-- --rounds N]`: what monitoring pays for asking. `--health` from the bundle against an empty
 * Python, an empty Node and `waagent --version`, in pairs; a whole check; and how that grows with mounts and disks.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../../packaging/build.ts';
import { waitForCalm } from './calm.ts';
import type { CheckSample } from './health-sample.ts';
import { machineWithDisks, withDisks, withMounts } from './health-scenes.ts';
import { spread } from './table.ts';
import { findWaagent } from './waagent.ts';

const MOUNTS = [0, 100, 500];
const DISKS = [1, 16, 64];

interface Contender {
  readonly title: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '31' } } });
const rounds = Number(values.rounds);
const folder = mkdtempSync(join(tmpdir(), 'quiesced-health-'));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const dist = join(folder, 'dist');
  await bundle(dist);
  const program = join(dist, 'quiesced.mjs');
  const env = { QUIESCED_TEST: '1', QUIESCED_TEST_ROOT: join(folder, 'root') };
  mkdirSync(env.QUIESCED_TEST_ROOT);
  // Leaves a real status file behind.
  time({ title: 'check', argv: [process.execPath, program, 'check'], env });
  const health = { title: '`quiesced --health`', argv: [process.execPath, program, '--health'], env };
  say(`Linux ${release()}, ${cpus().length} CPUs, Node ${process.version}, ${rounds} rounds\n`);
  await compare(health, await others());
  const few = Math.max(5, Math.ceil(rounds / 4));
  await grow('mounts more', MOUNTS, few, (count) => withMounts(count, program, folder));
  const roots = new Map(DISKS.map((count) => [count, machineWithDisks(count, folder)]));
  await grow('disks', DISKS, few, (count) => withDisks(roots.get(count) ?? ''));
}

async function others(): Promise<readonly Contender[]> {
  const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  const empty = join(folder, 'empty.mjs');
  writeFileSync(empty, '');
  return [
    { title: '`python3 -c pass`', argv: [python, '-c', 'pass'] },
    { title: '`node empty.mjs`', argv: [process.execPath, empty] },
    ...(await waagent()),
  ];
}

async function waagent(): Promise<readonly Contender[]> {
  const found = await findWaagent(folder, say);
  if (found === undefined) return [];
  const env = { PYTHONPATH: found.path, PYTHONDONTWRITEBYTECODE: '1' };
  const contender = { title: '`waagent --version`', argv: [found.python, found.file, '--version'], env };
  const { status: works, stderr: why } = spawn(contender);
  if (works === 0) return [contender];
  say(`LEFT OUT: waagent does not run: ${why.trim().split('\n').at(-1)}\n`);
  return [];
}

/** Each round runs all of them, one after the other, each time in another order. */
async function compare(first: Contender, rest: readonly Contender[]): Promise<void> {
  const all = [first, ...rest];
  const samples = new Map(all.map(({ title }) => [title, [] as number[]]));
  for (let round = -1; round < rounds; round += 1) {
    await waitForCalm(100, 1000);
    for (const [at] of all.entries()) {
      const contender = all[(at + round + 1) % all.length] ?? first;
      const ms = time(contender);
      // The first round fills the caches.
      if (round >= 0) samples.get(contender.title)?.push(ms);
    }
  }
  const own = samples.get(first.title) ?? [];
  say('| program | median | min … max | `--health` takes |\n|---|---:|---:|---:|\n');
  for (const { title } of all) {
    const times = samples.get(title) ?? [];
    const ratio = spread(times.map((ms, at) => (own[at] ?? 0) / ms))?.median ?? 0;
    const { median, min, max } = spread(times) ?? { median: 0, min: 0, max: 0 };
    say(`| ${title} | ${median.toFixed(1)} ms | ${min.toFixed(1)} … ${max.toFixed(1)} | ${ratio.toFixed(2)} × |\n`);
  }
  say('\n');
}

/** The same with more and more of something, in turns; the slope is that of the medians from the fewest to the most. */
async function grow(
  what: string,
  counts: readonly number[],
  times: number,
  sample: (count: number) => Promise<CheckSample>,
): Promise<void> {
  const samples = new Map(counts.map((count) => [count, [] as CheckSample[]]));
  for (let round = 0; round < times; round += 1) {
    await waitForCalm(100, 1000);
    for (const count of counts) samples.get(count)?.push(await sample(count));
  }
  const medianOf = (count: number, of: (one: CheckSample) => number) =>
    spread((samples.get(count) ?? []).map(of))?.median ?? 0;
  say(`| check, ${what} | wall | CPU |\n|---|---:|---:|\n`);
  for (const count of counts) {
    const [wall, cpu] = [medianOf(count, ({ wallMs }) => wallMs), medianOf(count, ({ cpuMs }) => cpuMs)];
    say(`| ${count} | ${wall.toFixed(0)} ms | ${cpu.toFixed(0)} ms |\n`);
  }
  const [least = 0, most = 1] = [counts[0], counts.at(-1)];
  const slope = (of: (one: CheckSample) => number) => (medianOf(most, of) - medianOf(least, of)) / (most - least);
  const [wall, cpu] = [slope(({ wallMs }) => wallMs), slope(({ cpuMs }) => cpuMs)];
  say(`\nEach one more: ${wall.toFixed(2)} ms wall, ${cpu.toFixed(2)} ms CPU (medians of ${times}).\n\n`);
}

function time(contender: Contender): number {
  const startMs = performance.now();
  const { status, stderr } = spawn(contender);
  const tookMs = performance.now() - startMs;
  if (status === null) throw new Error(`${contender.title}: ${stderr}`);
  return tookMs;
}

function spawn({ argv: [file = '', ...args], env }: Contender) {
  const options = { env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env }, encoding: 'utf8', cwd: '/' } as const;
  return spawnSync(file, args, options);
}

function say(text: string): void {
  process.stdout.write(text);
}
