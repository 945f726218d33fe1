import { spawn } from 'node:child_process';
import { faultPoint } from '../../../agent/fault-point.ts';
import { withoutServiceManager } from '../../../agent/system/service-manager.ts';
import type { Handler } from './handler.ts';

const SYSTEMD_MS = 10_000;

/**
 * Starts the process that does the job, and waits for nothing: neither for systemd, which may be slow on a busy machine,
 * nor for the code that talks to it.
 *
 * To start it twice does no harm: the second one finds the job taken.
 */
export async function startJob(handler: Handler, sequence: number): Promise<void> {
  const argv = [...handler.self, 'start', String(sequence), '--folder', handler.environment.folder];
  await faultPoint('azure-job.start.before');
  startDetached(handler, argv);
  await faultPoint('azure-job.start.after');
}

/**
 * What `startJob` starts, in a session of its own. Where systemd runs, it has the job done in a unit of systemd's: the
 * control group of the VM agent, in which a child of ours would stay, may be ended with the agent. Elsewhere the job is
 * done by this process itself: false is returned then.
 */
export async function handToSystemd(handler: Handler, sequence: number): Promise<boolean> {
  const argv = [...handler.self, 'job', String(sequence), '--folder', handler.environment.folder];
  await faultPoint('azure-job.unit.before');
  const started = await startedBySystemd(handler, sequence, argv);
  await faultPoint('azure-job.unit.after');
  return started;
}

async function startedBySystemd({ system, self, environment }: Handler, sequence: number, argv: readonly string[]) {
  // There a path of Linux is one that every user may make, and a bare name is looked up where they may write.
  if (system.platform === 'windows') return false;
  // sd_booted(3)
  if ((await system.stat('/run/systemd/system')) === undefined) return false;
  const settle = [...self, 'settle', String(sequence), '--folder', environment.folder];
  const { ended, exitCode } = await system.run(
    [
      'systemd-run',
      '--quiet',
      '--no-ask-password',
      '--no-block',
      '--collect',
      '--description=A backup job of the quiesced VM extension',
      // Whatever ends it, the service is told at once, and not only when the agent calls the next time.
      `--property=ExecStopPost=${settle.map(unitWord).join(' ')}`,
      // The guard, and a post script that still runs, see their own end.
      '--property=KillMode=process',
      '--property=OOMScoreAdjust=-900',
      // Also lets the others live when one runs out of memory: OOMPolicy= itself is refused by systemd before 243.
      '--property=Delegate=yes',
      '--property=TimeoutStopSec=120',
      '--',
      ...argv,
    ],
    { timeoutMs: SYSTEMD_MS },
  );
  // What was only too slow to answer may have started it all the same; if it did not, nobody would ever do the job.
  return ended === 'exited' && exitCode === 0;
}

/** systemd-run takes it apart by the rules of systemd.syntax(7), and escapes by itself what would be a specifier. */
const unitWord = (word: string): string => `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

function startDetached({ system }: Handler, [file = '', ...args]: readonly string[]): void {
  // The variables of the agent may name the proxy on the way to storage.
  const env = withoutServiceManager(system.env);
  const child = spawn(file, args, { detached: true, cwd: '/', stdio: 'ignore', env });
  // It is found out by the next call: nothing was touched yet.
  child.on('error', () => undefined);
  child.unref();
}
