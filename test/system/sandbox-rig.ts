import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Application, quiescerOf, startApplication } from '../../agent/sandbox/application.ts';
import type { Expectation } from '../../agent/sandbox/contents.ts';
import {
  createSandbox,
  removeSandbox,
  type Sandbox,
  type SandboxFileSystem,
  type SandboxType,
  unmountSandbox,
} from '../../agent/sandbox/images.ts';
import { attachedBelow, mountsBelow } from '../../agent/sandbox/loops.ts';
import { localSystem } from '../../agent/system/local.ts';
import type { System } from '../../agent/system/system.ts';
import { sandboxTaker } from '../../agent/takers/sandbox.ts';
import { until } from './loop-observe.ts';

export const WRITER = [process.execPath, join(import.meta.dirname, '../fixtures/sandbox-writer.ts'), 'sandbox-writer'];
const PROGRAMS = ['mkfs.ext4', 'e2fsck', 'mkfs.xfs', 'xfs_repair', 'mkfs.btrfs', 'btrfs', 'fsfreeze'];

/** Why these tests cannot run here; undefined when they can. */
export function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'needs root on Linux';
  if (!existsSync('/dev/loop-control')) return 'there is no /dev/loop-control';
  const dirs = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  const missing = PROGRAMS.filter((name) => !dirs.some((dir) => existsSync(join(dir, name))));
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

/** What a test may do with sandboxes: all it made is taken back at its end, whatever became of it. */
export interface Rig {
  readonly system: System;
  sandbox(...types: readonly SandboxType[]): Promise<Sandbox>;
  writer(mountPoint: string): Promise<Application>;
  /** Called at the end, last first. */
  finally(last: () => unknown): void;
}

/** A test with a root of its own on a real disk; at its end nothing below that may be mounted or attached. */
export function sandboxTest(title: string, body: (t: Test, rig: Rig) => Promise<void>): void {
  t.test(title, { skip: whyNot() ?? false, timeout: 500_000 }, async (t) => {
    const root = mkdtempSync('/var/tmp/quiesced-test-');
    mkdirSync(join(root, 'var/tmp'), { recursive: true });
    const system = localSystem({ root, live: true, env: { QUIESCED_TEST: '1' } });
    const last: (() => unknown)[] = [async () => rmSync(root, { recursive: true, force: true })];
    try {
      await body(t, createRig(system, last));
    } finally {
      const nothing = async () => {
        // The kernel takes its time with what somebody was in who has just ended.
        await untilDetached(system, root);
        t.strictSame(await mountsBelow(system, root), [], 'nothing is left mounted');
        t.strictSame(await attachedBelow(system, root), [], 'no loop device is left');
      };
      for (const each of [last[0], nothing, ...last.slice(1)].toReversed()) {
        // One that fails must not keep the others from cleaning up.
        await Promise.resolve(each?.()).catch((error) => t.fail('the clean-up failed', { error: String(error) }));
      }
    }
  });
}

export const untilDetached = (system: System, folder: string): Promise<boolean> =>
  until(async () => [...(await mountsBelow(system, folder)), ...(await attachedBelow(system, folder))].length === 0);

const createRig = (system: System, last: (() => unknown)[]): Rig => ({
  system,
  async sandbox(...types) {
    const sandbox = await createSandbox(system, types, signalOf());
    // Thaws, too.
    last.push(() => removeSandbox(system, sandbox.folder));
    return sandbox;
  },
  async writer(mountPoint) {
    const writer = await startApplication(system, WRITER, mountPoint, signalOf());
    last.push(() => writer.stop(signalOf(5000)));
    return writer;
  },
  finally: (each) => last.push(each),
});

export const signalOf = (ms = 120_000): AbortSignal => AbortSignal.timeout(ms);

/** fsfreeze on all at once, `meanwhile`, and the thaw in any case. */
export async function whileFrozen<T>(mountPoints: readonly string[], meanwhile: () => Promise<T>): Promise<T> {
  try {
    for (const mountPoint of mountPoints) execFileSync('fsfreeze', ['--freeze', mountPoint]);
    return await meanwhile();
  } finally {
    for (const mountPoint of mountPoints) execFileSync('fsfreeze', ['--unfreeze', mountPoint]);
  }
}

/** Before the take, and far longer than a writer waits for the processor. */
const FROZEN_MS = 500;

export interface Cycle {
  readonly expectations: ReadonlyMap<SandboxFileSystem, Expectation>;
  readonly stallsMs: readonly number[];
  readonly takeMs: number;
  readonly frozenMs: number;
}

export interface CycleOptions {
  readonly application: 'held' | 'running';
  /** `thawed`: nothing is frozen when the copy is made, but we believe so. */
  readonly fileSystems: 'frozen' | 'thawed';
}

/** Everything but the verification. The originals are unmounted at the end. */
export async function runCycle(rig: Rig, sandbox: Sandbox, options: CycleOptions): Promise<Cycle> {
  const signal = signalOf();
  const writers = await Promise.all(sandbox.fileSystems.map(({ mountPoint }) => rig.writer(mountPoint)));
  const taker = sandboxTaker({ images: sandbox.fileSystems, folder: sandbox.copies });
  try {
    await taker.prepare(signal);
    await sleep(300);
    return await snapshot(sandbox, writers, options, () => taker.take(signal, { faults: [] }));
  } finally {
    await taker.finish({ consistency: 'application' }, signal);
    await Promise.all(writers.map((writer) => writer.stop(signal)));
    await unmountSandbox(rig.system, sandbox);
  }
}

async function snapshot(
  { fileSystems }: Sandbox,
  writers: readonly Application[],
  { application, fileSystems: state }: CycleOptions,
  take: () => Promise<unknown>,
): Promise<Cycle> {
  const signal = signalOf();
  const quiescers = application === 'held' ? writers.map((writer) => quiescerOf(writer, 'test')) : [];
  await Promise.all(quiescers.map(({ hold }) => hold(signal)));
  const marks = await Promise.all(writers.map((writer) => writer.mark(signal)));
  const beganNs = process.hrtime.bigint();
  const acked = writers.map((writer) => writer.ackedBefore(beganNs));
  let frozenAtNs = 0n;
  let takeMs = 0;
  const mountPoints = state === 'frozen' ? fileSystems.map(({ mountPoint }) => mountPoint) : [];
  await whileFrozen(mountPoints, async () => {
    frozenAtNs = process.hrtime.bigint();
    await sleep(FROZEN_MS);
    if (state === 'thawed') await haveWritten(writers);
    const takeNs = process.hrtime.bigint();
    await take();
    takeMs = Number(process.hrtime.bigint() - takeNs) / 1e6;
  });
  const frozenMs = Number(process.hrtime.bigint() - beganNs) / 1e6;
  await Promise.all(quiescers.map(({ verify }) => verify(signal)));
  const stalls = await Promise.all(writers.map((writer) => writer.stalls(signal)));
  await Promise.all(quiescers.map(({ release }) => release(signal)));
  const expectation = (at: number): Expectation => ({
    acked: acked[at] as number,
    held: application === 'held',
    probed: marks[at]?.number as number,
    frozenAtNs,
  });
  return {
    expectations: new Map(fileSystems.map((fileSystem, at) => [fileSystem, expectation(at)])),
    stallsMs: stalls.map(({ longestMs }) => longestMs),
    takeMs,
    frozenMs,
  };
}

/** Until each was told of more, and of more again: of that, nothing was begun before this. */
async function haveWritten(writers: readonly Application[]): Promise<void> {
  const acked = () => writers.map((writer) => writer.ackedBefore(process.hrtime.bigint()));
  for (let batch = 0; batch < 2; batch += 1) {
    const before = acked();
    await until(() => acked().every((number, at) => number > (before[at] ?? 0)));
  }
}

/** Changes a file of a copy, as if it had been copied so. */
export async function doctor(sandbox: Sandbox, { type, copy }: SandboxFileSystem, file: string, change: Change) {
  const mountPoint = join(sandbox.folder, 'check');
  execFileSync('mount', ['-t', type, '-o', type === 'xfs' ? 'loop,nouuid' : 'loop', copy, mountPoint]);
  try {
    const path = join(mountPoint, file);
    writeFileSync(path, change(readFileSync(path)));
  } finally {
    execFileSync('umount', [mountPoint]);
  }
}

export type Change = (bytes: Buffer) => Buffer;
