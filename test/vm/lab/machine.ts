import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, openAgent, type Ran } from './agent.ts';
import { cacheFolder } from './cache.ts';
import type { Image } from './image.ts';
import { type JsonPort, openJsonPort } from './json-port.ts';
import { within } from './lines.ts';
import { CONSOLE, type Hardware, qemuArgs, SOCKETS, startQemu } from './qemu.ts';
import type { Disk } from './recipe.ts';
import type { State } from './states.ts';

/** A boot takes 20 s on a quiet machine, and minutes on one that is busy with other things. */
const BOOT_MS = 600_000;
const LOAD_MS = 600_000;
const ASK_MS = 10_000;
const END_MS = 300_000;

const BOOT_ID = 'cat /proc/sys/kernel/random/boot_id';

/** A machine that runs. */
export interface Machine extends Pick<Agent, 'start' | 'run' | 'feel' | 'forget'> {
  readonly pid: number;
  /** Its disks; those that a test gave are written to. */
  readonly hardware: Hardware;
  /** As `run`; gives the output, throws when the command fails. */
  must(command: string, options?: { readonly timeoutMs?: number }): Promise<string>;
  /** Writes a file inside. */
  put(path: string, text: string, mode?: string): Promise<void>;
  /** QEMU itself: qemu-qmp-ref(7). */
  readonly qmp: JsonPort;
  /** A line of QEMU's monitor; throws when it prints anything, which is how it complains. */
  monitor(line: string): Promise<void>;
  /** qemu-ga inside: qemu-ga-ref(7). Opened on first use. */
  guestAgent(): Promise<JsonPort>;
  /** Keeps memory and disks as they are now under this name, and goes on. */
  save(state: string): Promise<void>;
  /** Goes back to how it was then, in about half a second. */
  revert(state: string): Promise<void>;
  /** Pulls a data disk out, without a word to the machine. */
  unplug(disk: Exclude<Disk, 'root'>): Promise<void>;
  /** As the button does: nothing is written any more. Returns when it has booted. */
  reset(): Promise<void>;
  /** An orderly reboot. Returns when it has booted. */
  reboot(): Promise<void>;
  /** An orderly end; the disks are complete then. */
  powerOff(): Promise<void>;
  /** Ends QEMU as it stands; what is saved in its disks is complete then. */
  quit(): Promise<void>;
  /** What the kernel and the boot have printed. */
  console(): string;
  /** Whatever happens: no process, no files of it are left. */
  end(): Promise<void>;
}

/** A machine that goes on from this state, on copies of its disks: about a second. Must be ended. */
export async function start(state: Omit<State, 'name'> & { readonly name: string }): Promise<Machine> {
  const folder = runFolder();
  const disks = { ...state.disks };
  for (const disk of Object.keys(disks) as Disk[]) {
    disks[disk] = join(folder, `${disk}.qcow2`);
    copyFileSync(state.disks[disk], disks[disk]);
  }
  return boot(state.image, { disks, cargo: state.cargo, state: state.name }, folder);
}

/** Starts a machine and waits until it has booted, or gone on from `hardware.state`. Must be ended. */
export async function boot(image: Image, hardware: Hardware, folder = runFolder()): Promise<Machine> {
  const machine = await launch(image, hardware, folder);
  try {
    await machine.awake(hardware.state === undefined ? BOOT_MS : LOAD_MS);
    if (hardware.state === undefined) await booted(machine);
    return machine;
  } catch (error) {
    const said = machine.console().slice(-1500);
    await machine.end();
    throw new Error(`the machine did not come up; its console says:\n${said}`, { cause: error });
  }
}

/** The same without waiting for anything that answers: for one that is not meant to come up as usual. */
export async function launch(
  image: Image,
  hardware: Hardware,
  folder = runFolder(),
): Promise<Machine & Pick<Agent, 'awake'>> {
  const qemu = startQemu(qemuArgs(image, folder, hardware), folder);
  const gone = once(qemu, 'exit');
  const end = async (): Promise<void> => {
    qemu.kill('SIGKILL');
    if (qemu.exitCode === null && qemu.signalCode === null) await within(gone, END_MS, 'the end of QEMU');
    rmSync(folder, { recursive: true, force: true });
  };
  const failed = gone.then(() => Promise.reject(new Error(`QEMU: ${readFileSync(join(folder, 'qemu.log'), 'utf8')}`)));
  failed.catch(() => {});
  try {
    const qmp = await Promise.race([openJsonPort(join(folder, SOCKETS.qmp)), failed]);
    await qmp.execute('qmp_capabilities');
    const agent = await openAgent(join(folder, SOCKETS.lab));
    let guestAgent: Promise<JsonPort> | undefined;
    return {
      ...machineOf(qmp, agent),
      pid: qemu.pid ?? 0,
      hardware,
      guestAgent: () => (guestAgent ??= openJsonPort(join(folder, SOCKETS.guestAgent))),
      async powerOff() {
        agent.start('systemctl poweroff');
        await within(gone, BOOT_MS, 'powering off');
      },
      async quit() {
        await qmp.execute('quit');
        await within(gone, END_MS, 'the end of QEMU');
      },
      console: () => readFileSync(join(folder, CONSOLE), 'utf8'),
      async end() {
        for (const port of [qmp, agent, await guestAgent]) port?.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

type Driven = Omit<
  Machine & Pick<Agent, 'awake'>,
  'pid' | 'hardware' | 'guestAgent' | 'powerOff' | 'quit' | 'console' | 'end'
>;

/** What can be done to it through QEMU and through the agent. */
function machineOf(qmp: JsonPort, agent: Agent): Driven {
  const monitor = async (line: string): Promise<void> => {
    const said = await qmp.execute('human-monitor-command', { 'command-line': line });
    if (said !== '') throw new Error(`${line}: ${String(said).trim()}`);
  };
  const must = async (command: string, options?: { readonly timeoutMs?: number }): Promise<string> => {
    const { code, output }: Ran = await agent.run(command, options);
    if (code !== 0) throw new Error(`${command}: exit code ${code}: ${output}`);
    return output;
  };
  const upAgain = async (): Promise<void> => {
    await agent.awake(BOOT_MS);
    await booted({ run: agent.run.bind(agent) });
  };
  return {
    qmp,
    monitor,
    must,
    start: (command) => agent.start(command),
    run: (command, options) => agent.run(command, options),
    feel: () => agent.feel(),
    forget: () => agent.forget(),
    awake: (timeoutMs) => agent.awake(timeoutMs),
    async put(path, text, mode = '0644') {
      const bytes = Buffer.from(text).toString('base64');
      await must(`mkdir -p "$(dirname ${path})" && echo ${bytes} | base64 -d >${path} && chmod ${mode} ${path}`);
    },
    save: (state) => monitor(`savevm ${state}`),
    async revert(state) {
      await monitor(`loadvm ${state}`);
      await agent.awake(LOAD_MS);
    },
    unplug: async (disk) => void (await qmp.execute('device_del', { id: `disk-${disk}` })),
    async reset() {
      await qmp.execute('system_reset');
      await upAgain();
    },
    async reboot() {
      const before = await must(BOOT_ID);
      agent.start('systemctl reboot');
      for (;;) {
        await agent.awake(BOOT_MS);
        // It may go down while it is asked.
        if ((await must(BOOT_ID, { timeoutMs: ASK_MS }).catch(() => before)) !== before) break;
      }
      await upAgain();
    },
  };
}

/** `degraded` too: a unit of the machine that failed is for the test to look at. */
async function booted(machine: Pick<Agent, 'run'>): Promise<void> {
  const { output } = await machine.run('systemctl is-system-running --wait', { timeoutMs: BOOT_MS });
  if (!/^(running|degraded)$/.test(output.trim())) throw new Error(`booted, and then: ${output}`);
}

/** A folder for one machine. Those whose QEMU has gone, with a test that was killed, are removed. */
function runFolder(): string {
  const runs = join(cacheFolder(), 'run');
  mkdirSync(runs, { recursive: true });
  for (const name of readdirSync(runs)) {
    if (!isRunning(join(runs, name, 'pid'))) rmSync(join(runs, name), { recursive: true, force: true });
  }
  return mkdtempSync(join(runs, `${process.pid}-`));
}

/** The test process in the folder's name counts too: it has the folder before it has a QEMU. */
const isRunning = (pidFile: string): boolean =>
  [Number(pidFile.split('/').at(-2)?.split('-')[0]), ...pidIn(pidFile)].some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').length > 0;
    } catch {
      return false;
    }
  });

const pidIn = (pidFile: string): readonly number[] => {
  try {
    return [Number(readFileSync(pidFile, 'utf8'))];
  } catch {
    return [];
  }
};
