import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from './command.ts';
import { findQemuGa } from './install.ts';
import { findWaagent } from './waagent.ts';

/** An agent that waits, as a private instance. */
export interface Waiting {
  readonly title: string;
  readonly pid: number;
}

interface Teardown {
  teardown(last: () => unknown): void;
}

export async function idleOthers(folder: string, later: Teardown, say: (line: string) => void) {
  const agents: Waiting[] = [];
  const program = await findQemuGa(say);
  if (program !== undefined) agents.push(await qemuGa(program, folder, later));
  const waagent = await findWaagent(folder, say);
  if (waagent !== undefined) agents.push(await waagentModules(waagent.python, waagent.path, later));
  return agents;
}

/** Nobody talks to it, and the commands that would freeze or thaw anything are off all the same. */
async function qemuGa(program: string, parent: string, later: Teardown): Promise<Waiting> {
  const folder = join(parent, 'qemu-ga');
  mkdirSync(folder);
  const version = (await must([program, '--version'])).trim();
  const off = 'guest-fsfreeze-freeze,guest-fsfreeze-freeze-list,guest-fsfreeze-thaw';
  const at = (name: string) => join(folder, name);
  const args = ['-m', 'unix-listen', '-p', at('sock'), '-t', folder, '-f', at('pid'), '-l', at('log'), '-b', off];
  return {
    title: `Debian's \`qemu-guest-agent\` (${version.replace(/^.* /, '')})`,
    pid: start(program, args, {}, later),
  };
}

const MODULES = ['azurelinuxagent.agent', 'azurelinuxagent.daemon.main', 'azurelinuxagent.ga.update'];

/**
 * The real one changes the machine that it runs on, so this is a Python that has loaded what its processes load, and
 * waits: what it costs at least, without a goal state, and without the threads and requests that it wakes up for.
 */
async function waagentModules(python: string, path: string, later: Teardown): Promise<Waiting> {
  const text = `${MODULES.map((name) => `import ${name}`).join('\n')}\nprint("loaded", flush=True)\nimport time\ntime.sleep(3600)`;
  const pid = start(python, ['-c', text], { PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' }, later);
  await sleep(3000);
  return { title: 'a Python with the modules of `waagent`, standing for one of its two processes', pid };
}

function start(file: string, args: readonly string[], env: Record<string, string>, later: Teardown): number {
  const child = spawn(file, args, { stdio: 'ignore', cwd: '/', env: { LANG: 'C.UTF-8', ...env } });
  later.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  });
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  return child.pid;
}
