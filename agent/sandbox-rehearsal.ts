import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from './config/schema.ts';
import { linuxFreezer } from './freezer/linux.ts';
import type { Log } from './log.ts';
import { type Application, quiescerOf, startApplication } from './sandbox/application.ts';
import type { Expectation } from './sandbox/contents.ts';
import {
  createSandbox,
  removeSandbox,
  type Sandbox,
  type SandboxFileSystem,
  type SandboxType,
  unmountSandbox,
} from './sandbox/images.ts';
import type { ProbeFigures } from './sandbox/protocol.ts';
import { sweepSandboxes } from './sandbox/sweep.ts';
import { type CopyReport, verifyCopies } from './sandbox/verify.ts';
import { conduct } from './snapshot/conduct.ts';
import type { Outcome } from './snapshot/outcome.ts';
import type { Parts } from './snapshot/parts.ts';
import { planSnapshot } from './snapshot/plan.ts';
import { thawOwed } from './snapshot/recover.ts';
import { localSystem } from './system/local.ts';
import type { System } from './system/system.ts';
import { sandboxTaker } from './takers/sandbox.ts';

/** What the rehearsal showed. JSON: schema 1. */
export interface SandboxReport {
  readonly schema: 1;
  readonly outcome: Outcome;
  readonly fileSystems: readonly RehearsedFileSystem[];
  /** The scripts that ran, in order, by their own record. */
  readonly scripts: readonly string[];
  /** The snapshot was taken, everything was held and let go, and the copies are what they should be. */
  readonly ok: boolean;
}

export interface RehearsedFileSystem extends CopyReport {
  /** The longest single write that the probe saw, from before the freeze until after the thaw. */
  readonly longestStallMs: number;
  readonly writes: number;
}

/** Long enough for the writers to have something to lose. */
const WARM_UP_MS = 400;
const COOL_DOWN_MS = 50;
const ANSWER_MS = 10_000;

/**
 * The whole cycle, on file systems made for it: pre script, quiesce, flush, freeze, copy, thaw, resume, post script;
 * then the copies are examined. Nothing of the machine is touched: the freezer is told the devices that it may freeze,
 * and records and scripts live in the sandbox's own root.
 */
export async function rehearseInSandbox(
  system: System,
  log: Log,
  self: readonly string[],
  types: readonly SandboxType[],
  onProgress: (what: string) => void,
  signal: AbortSignal,
): Promise<SandboxReport> {
  await sweepSandboxes(system, { beforeRemoval: (folder) => thawLeftBehind(system, folder) });
  onProgress(`making ${types.join(' and ')} file systems`);
  const sandbox = await createSandbox(system, types, signal);
  const applications: Application[] = [];
  try {
    onProgress('starting a program that writes to each all the time');
    for (const { mountPoint } of sandbox.fileSystems) {
      applications.push(await startApplication(system, [...self, 'sandbox-writer'], mountPoint, signal));
    }
    return await rehearse({ system, log, self, sandbox, applications, onProgress, signal });
  } finally {
    // Whatever happened: nothing keeps running or mounted.
    await Promise.all(applications.map((application) => application.stop(AbortSignal.timeout(ANSWER_MS))));
    await removeSandbox(system, sandbox.folder);
  }
}

interface Stage {
  readonly system: System;
  readonly log: Log;
  readonly self: readonly string[];
  readonly sandbox: Sandbox;
  readonly applications: readonly Application[];
  readonly onProgress: (what: string) => void;
  readonly signal: AbortSignal;
}

async function rehearse(stage: Stage): Promise<SandboxReport> {
  const { system, sandbox, applications, onProgress, signal } = stage;
  const inner = sandboxSystem(sandbox, system);
  await writeScripts(inner, sandbox);
  await sleep(WARM_UP_MS);
  const answer = AbortSignal.timeout(ANSWER_MS);
  onProgress('pre script, quiesce, flush, freeze, copy, thaw, resume, post script');
  const before = await Promise.all(applications.map((application) => application.mark(answer)));
  const held: number[] = [];
  const outcome = await run(stage, inner, held);
  await sleep(COOL_DOWN_MS);
  const stalls = await Promise.all(
    applications.map((application) => application.stalls(AbortSignal.timeout(ANSWER_MS))),
  );
  await Promise.all(applications.map((application) => application.stop(AbortSignal.timeout(ANSWER_MS))));
  onProgress('verifying the copies');
  await unmountSandbox(system, sandbox);
  const copies = await verifyCopies(system, sandbox, expectations(sandbox, outcome, before, held), signal);
  const scripts = ((await inner.readText(SCRIPTS_LOG)) ?? '').split('\n').filter((line) => line !== '');
  const fileSystems = copies.map((copy, index) => ({
    ...copy,
    longestStallMs: stalls[index]?.longestMs ?? 0,
    writes: stalls[index]?.writes ?? 0,
  }));
  const ok = outcome.consistency === 'application' && outcome.faults.length === 0 && copies.every((copy) => copy.ok);
  return { schema: 1, outcome, fileSystems, scripts, ok: ok && scripts.length === 2 };
}

/** This machine's kernel, but a root and a list of devices that nothing can get around: not even the guard. */
const sandboxSystem = (sandbox: Sandbox, system: System): System =>
  localSystem({
    root: sandbox.root,
    live: true,
    env: {
      ...system.env,
      QUIESCED_TEST: '1',
      QUIESCED_TEST_ROOT: sandbox.root,
      QUIESCED_TEST_DEVICES: sandbox.fileSystems.map(({ id }) => id).join(','),
    },
  });

async function run(stage: Stage, inner: System, held: number[]): Promise<Outcome> {
  const { loadConfig } = await import('./config/load.ts');
  const { config } = await loadConfig(inner);
  const { sandbox, applications, log, self, signal } = stage;
  const wishes = {
    freeze: true,
    scripts: config.scripts,
    only: sandbox.fileSystems.map(({ mountPoint }) => mountPoint),
    exclude: [],
    deadlineMs: config.snapshot.frozenDeadlineMs,
    expedite: config.freeze.expedite,
  };
  const plan = await planSnapshot(inner, wishes);
  const quiescers = applications.map((application, index) => ({
    ...quiescerOf(application, sandbox.fileSystems[index]?.type ?? ''),
    hold: async (limit: AbortSignal) => {
      held[index] = await application.hold(limit);
    },
  }));
  const taker = sandboxTaker({
    images: sandbox.fileSystems.map(({ image, copy }) => ({ image, copy })),
    folder: sandbox.copies,
  });
  const takeMs = config.snapshot.frozenDeadlineMs;
  const parts = partsOf(inner, log, config, self);
  return conduct(
    parts,
    // The rest of the machine has no part in this.
    {
      kind: 'rehearsal',
      taker,
      plan: { ...plan, left: [] },
      quiescers,
      takeMs,
      command: 'quiesced rehearse --sandbox',
    },
    signal,
  );
}

const partsOf = (system: System, log: Log, config: Config, self: readonly string[]): Parts => ({
  system,
  log,
  config,
  quiescers: [],
  freezer: (lockFd) => linuxFreezer(system, log, { guardArgv: [...self, 'guard'], lockFd }),
});

function expectations(
  sandbox: Sandbox,
  outcome: Outcome,
  before: readonly ProbeFigures[],
  held: readonly number[],
): ReadonlyMap<SandboxFileSystem, Expectation> {
  const startMs = outcome.startedMonotonicMs ?? 0;
  const frozenAtMs = Math.max(
    0,
    ...outcome.timeline
      .filter(({ step, mountPoint }) => step === 'freeze' && mountPoint !== undefined)
      .map(({ atMs, tookMs }) => startMs + atMs + tookMs),
  );
  return new Map(
    sandbox.fileSystems.map((fileSystem, index) => [
      fileSystem,
      {
        acked: held[index] ?? 0,
        held: held[index] !== undefined,
        probed: before[index]?.number ?? 0,
        frozenAtNs: BigInt(Math.ceil(frozenAtMs * 1e6)),
      },
    ]),
  );
}

const SCRIPTS_LOG = '/var/log/scripts.log';

/** Real scripts, in a root of their own, that write down when they were called and what they were told. */
async function writeScripts(inner: System, sandbox: Sandbox): Promise<void> {
  const log = join(sandbox.root, SCRIPTS_LOG);
  for (const folder of ['/etc/quiesced', '/var/log']) await inner.makeDir(folder, 0o755);
  const script = (line: string) => `#!/bin/sh\nset -eu\necho "${line}" >>'${log}'\n`;
  await inner.write('/etc/quiesced/pre.sh', script('pre'), { mode: 0o700 });
  await inner.write('/etc/quiesced/post.sh', script('post, told: $QUIESCED_RESULT, $QUIESCED_CONSISTENCY'), {
    mode: 0o700,
  });
  const config = '[scripts]\npre = /etc/quiesced/pre.sh\npost = /etc/quiesced/post.sh\n';
  await inner.write('/etc/quiesced/quiesced.conf', config, { mode: 0o600 });
}

/** A sandbox whose processes were all killed may still be frozen. */
async function thawLeftBehind(system: System, folder: string): Promise<void> {
  const root = join(folder, 'root');
  // Its own records name what was frozen; without the list of devices, since only those can be in them.
  await thawOwed({ system: localSystem({ root, live: true, env: { ...system.env, QUIESCED_TEST: undefined } }) });
}
