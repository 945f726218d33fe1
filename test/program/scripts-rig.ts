import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { runnable } from '../../agent/scripts/runnable.ts';
import type { Script } from '../../agent/scripts/script.ts';
import { type RunScriptOptions, runScript, type ScriptResult } from '../../agent/snapshot/scripts/run-script.ts';
import { localSystem } from '../../agent/system/local.ts';
import type { System } from '../../agent/system/system.ts';

/** A private root with real scripts in it, on the running kernel. */
export interface Rig {
  readonly root: string;
  readonly system: System;
  /** Writes a script; returns its path below the root. `$ROOT` in the text stands for the private root. */
  put(name: string, text: string, mode?: number): string;
  /** Text of a file that a script wrote. */
  read(name: string): string;
  /** Processes whose numbers scripts wrote with `note`: killed when the test ends. */
  noted(): readonly number[];
}

/** For scripts: `note PID` writes a number down. */
export const NOTE = 'note() { echo "$1" >>"$ROOT/pids"; }\n';

export function scriptsRig(t: Test, wrap: (system: System) => System = (system) => system): Rig {
  const root = mkdtempSync(join(tmpdir(), 'quiesced-scripts-'));
  chmodSync(root, 0o755);
  const rig: Rig = {
    root,
    system: wrap(localSystem({ root, live: true, env: {} })),
    put(name, text, mode = 0o700) {
      const file = join(root, name);
      mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
      writeFileSync(file, text.replaceAll('$ROOT', root));
      chmodSync(file, mode);
      chownSync(file, 0, 0);
      return name;
    },
    read: (name) => textOf(join(root, name)),
    noted: () => textOf(join(root, 'pids')).split('\n').filter(Boolean).map(Number),
  };
  t.teardown(() => {
    for (const pid of rig.noted().filter(isAlive)) process.kill(pid, 'SIGKILL');
    rmSync(root, { recursive: true, force: true });
  });
  return rig;
}

export const scriptAt = (path: string, more: Partial<Script> = {}): Script => ({
  source: 'config',
  name: path,
  pre: { path, args: [] },
  timeoutMs: 60_000,
  preRetries: 0,
  postRetries: 0,
  required: false,
  ...more,
});

/** Puts a script and runs it the way the phase does. */
export async function runText(rig: Rig, text: string, options: Partial<RunScriptOptions> = {}): Promise<ScriptResult> {
  const argv = await runnable(rig.system, scriptAt(rig.put('/opt/script', text)), 'pre');
  const usual = { timeoutMs: 60_000, retries: 0, env: {}, signal: new AbortController().signal };
  return runScript(rig.system, argv, { ...usual, ...options });
}

/** Alive, and no zombie: in a container nobody may collect those. */
export function isAlive(pid: number): boolean {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat !== '' && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/** Waits until it is so, a minute at most: the machine may be busy. */
export async function until(condition: () => boolean): Promise<boolean> {
  for (let left = 3000; left > 0 && !condition(); left -= 1) await sleep(20);
  return condition();
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
