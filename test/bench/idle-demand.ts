import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { ask } from '../../agent/control/client.ts';
import type { ControlStatus } from '../../agent/control/protocol.ts';
import { type Spread, spread } from './table.ts';

const ACTIVATOR = join(import.meta.dirname, '../fixtures/socket-activator.py');
const SILENCE_MS = 30_000;

/** What it takes to be started by a request. */
export interface Demand {
  readonly rounds: number;
  readonly firstMs: Spread;
  readonly nextMs: number;
  readonly goneMs: number;
}

/** A listener in systemd's place. The daemon is ended after each first answer, but for the last: that one leaves by itself. */
export async function onDemand(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  later: { teardown(last: () => unknown): void },
  rounds: number,
): Promise<Demand> {
  const endpoint = join(env.QUIESCED_TEST_ROOT ?? '', 'run/quiesced/control/quiesced.sock');
  mkdirSync(dirname(endpoint), { recursive: true, mode: 0o700 });
  const activator = spawn('/usr/bin/python3', [ACTIVATOR, endpoint, ...argv], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  later.teardown(async () => {
    activator.stdin.end();
    if (activator.exitCode === null) await once(activator, 'exit');
  });
  const lines = createInterface({ input: activator.stdout });
  await once(lines, 'line');
  const first: number[] = [];
  const next: number[] = [];
  const asked = async () => {
    const beganMs = performance.now();
    const status = await ask<ControlStatus>(endpoint, 'status', { silenceMs: SILENCE_MS });
    if (status?.daemon === undefined) throw new Error('nobody answers');
    return { tookMs: performance.now() - beganMs, pid: status.daemon.pid };
  };
  for (let round = 0; ; round += 1) {
    const { tookMs, pid } = await asked();
    // The first start fills the caches, and makes the first check.
    if (round > 0) first.push(tookMs);
    next.push((await asked()).tookMs);
    const beganMs = performance.now();
    if (round < rounds) process.kill(pid);
    for (;;) {
      const [line] = await once(lines, 'line');
      if (String(line).startsWith('ended')) break;
    }
    if (round < rounds) continue;
    const nothing = { median: 0, min: 0, max: 0 };
    const goneMs = performance.now() - beganMs;
    return { rounds, firstMs: spread(first) ?? nothing, nextMs: spread(next)?.median ?? 0, goneMs };
  }
}
