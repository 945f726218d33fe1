import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { ask } from '../../agent/control/client.ts';
import { endpointOf } from '../../agent/control/endpoint.ts';
import type { ControlStatus, RunStatus } from '../../agent/control/protocol.ts';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import { localSystem } from '../../agent/system/local.ts';
import { signal } from '../system/fault-processes.ts';
import type { Mounted, Rig } from '../system/loop.ts';
import { processesOf, until } from '../system/loop-observe.ts';
import { points } from '../system/loop-outcome.ts';
import type { Figures } from './tally.ts';

const SILENCE_MS = 60_000;

/** The daemon of a soak, started again whenever it is dead, as the service manager would. */
export class Resident {
  readonly #rig: Rig;
  readonly #program: string;
  readonly #endpoint: string;
  #process: ChildProcess | undefined;

  constructor(rig: Rig, program: string) {
    this.#rig = rig;
    this.#program = program;
    this.#endpoint = endpointOf(localSystem({ root: rig.root, env: {} }));
  }

  async start(): Promise<void> {
    this.#process = spawn(process.execPath, [this.#program, 'daemon'], {
      env: this.#rig.cli.env(),
      cwd: '/',
      stdio: 'ignore',
    });
    const serves = () => ask<ControlStatus>(this.#endpoint, 'status', { silenceMs: 5000 }).catch(() => undefined);
    if (!(await until(async () => (await serves())?.daemon !== undefined))) throw new Error('it does not serve');
  }

  /** @param killed whoever was told to die may still be about to. */
  async startAgainIfDead(killed: readonly number[]): Promise<void> {
    const daemon = this.#process;
    if (daemon?.pid === undefined || !killed.includes(daemon.pid)) return;
    if (!isDead(daemon)) await once(daemon, 'exit');
    await this.start();
  }

  hold(mounted: readonly Mounted[], deadlineMs: number): Promise<Partial<RunStatus & Outcome> | undefined> {
    const body = { kind: 'hold', mounts: points(...mounted), deadlineMs };
    return ask(this.#endpoint, 'hold', { body, silenceMs: SILENCE_MS });
  }

  release(): Promise<Outcome | undefined> {
    return ask(this.#endpoint, 'release', { silenceMs: SILENCE_MS });
  }

  /** To the daemon, the guard or both; returns those that were there, by process id. */
  signal(who: readonly string[], name: NodeJS.Signals): readonly number[] {
    const there = processesOf(this.#rig.root)
      .filter(({ argv }) => who.some((command) => argv.includes(command)))
      .map(({ pid }) => pid);
    // Stopped first, so that none of them sees the other's end.
    if (name === 'SIGKILL') for (const pid of there) signal(pid, 'SIGSTOP');
    for (const pid of there) signal(pid, name);
    return there;
  }

  figures(): Figures {
    const { pid = -1 } = this.#process ?? {};
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const of = (key: string) => Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(status)?.[1]);
    return { pid, descriptors: readdirSync(`/proc/${pid}/fd`).length, threads: of('Threads'), rssKb: of('VmRSS') };
  }

  async end(): Promise<void> {
    if (this.#process === undefined || isDead(this.#process)) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }
}

const isDead = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;
