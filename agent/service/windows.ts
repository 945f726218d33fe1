import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import type { Change } from '../system/changes.ts';
import { EVENT_SOURCE_VALUES } from '../system/event-log-windows.ts';
import { type RegistryValue, registryOf } from '../system/registry.ts';
import {
  installService,
  queryService,
  removeService,
  type ServiceSpec,
  type ServiceStatus,
  startService,
  stopService,
} from '../system/scm-windows.ts';
import type { System } from '../system/system.ts';
import { assertOnlyRootCanChange } from '../system/trust.ts';

export const SERVICE_NAME = 'quiesced';

/** As long as a run may take to let go, with post scripts as they are by default: more is asked for by and by. */
const PRESHUTDOWN_MS = 180_000;
const RESTART_AFTER_MS = [5000, 60_000, 600_000];
/** The service asks for patience while it lets go; whoever waits here has some, too. */
const STOP_MS = 300_000;
const START_MS = 60_000;
const LOOK_MS = 200;
/** From its last word to the end of its process. */
const GONE_MS = 10_000;

/**
 * What the service control manager puts into the environment of the service alone. Whoever sets these for the whole machine
 * means other programs that run in Node; empty they are as if they were not there.
 */
const ENVIRONMENT_PATH = `HKLM\\SYSTEM\\CurrentControlSet\\Services\\${SERVICE_NAME}\\Environment`;
const ENVIRONMENT: RegistryValue = { type: 'multi-sz', data: ['NODE_OPTIONS=', 'NODE_PATH='] };

/** A service of Windows, as it is installed here. */
export const specOf = (self: readonly string[]): ServiceSpec => ({
  name: SERVICE_NAME,
  shownName: 'quiesced (consistent backups)',
  description:
    'Checks whether this machine can be backed up, and holds scripts and applications while a snapshot is taken.',
  argv: [...self, 'daemon', '--service'],
  preshutdownMs: PRESHUTDOWN_MS,
  restartAfterMs: RESTART_AFTER_MS,
});

/** What would be done, to be shown: the service control manager is no file that a plan could hold. */
export const installChanges = (): readonly Change[] =>
  Object.entries(EVENT_SOURCE_VALUES).map(([path, value]) => ({ do: 'set-value', path, value }));
export const uninstallChanges = (): readonly Change[] =>
  Object.keys(EVENT_SOURCE_VALUES).map((path) => ({ do: 'remove-value', path }));

/**
 * Makes the service, or brings the one that is there to the same settings. Returns what this Windows did not take of
 * them. Throws a `UserError` (`service.unsafe`) where others could exchange the program.
 */
export async function install(system: System, self: readonly string[]): Promise<readonly string[]> {
  await assertOnlyRootCanChange(system, self, { code: 'service.unsafe', as: 'as a service' });
  const refused = installService(specOf(self));
  await registryOf(system).write(ENVIRONMENT_PATH, ENVIRONMENT);
  return refused;
}

/** Stops it, which lets go of everything, and takes it out. Whether there was one. */
export async function uninstall(system: System): Promise<boolean> {
  return (await stop(system)) && removeService(SERVICE_NAME);
}

/** Waits until it runs. Throws a `UserError`: `service.none`, or `service.failed` with the code that it ended with. */
export async function start(system: System): Promise<void> {
  const { state } = present();
  if (state === 'running') return;
  // One that is letting go ends with code 0, after which nobody starts it again.
  const ended = state === 'stopping' ? await waitFor(system, ['stopped'], STOP_MS) : { state };
  if (ended.state === 'stopped') startService(SERVICE_NAME);
  const reached = await waitFor(system, ['running', 'stopped'], START_MS);
  if (reached.state === 'running') return;
  const code = reached.exitCode === 1066 ? `code ${reached.specificExitCode}` : `error ${reached.exitCode} of Windows`;
  throw new UserError('service.failed', `the service has not come up: it is ${reached.state} (${code})`, {
    remedy: 'Its last words are in C:\\ProgramData\\quiesced\\log and in the event log; docs/windows.md has the codes.',
  });
}

/** Waits until it has let go of everything. Whether there is one: without one nothing runs, which is what was asked for. */
export async function stop(system: System): Promise<boolean> {
  const found = queryService(SERVICE_NAME);
  if (found === undefined) return false;
  // While it starts it takes no word.
  const before = found.state === 'starting' ? await waitFor(system, ['running', 'stopped'], START_MS) : found;
  if (before.state === 'stopped') return true;
  if (before.state !== 'stopping') stopService(SERVICE_NAME);
  const { state } = await waitFor(system, ['stopped'], STOP_MS);
  if (state === 'stopped') {
    await untilGone(system, before.pid);
    return true;
  }
  throw new UserError('service.still-there', 'the service has not stopped yet: it is letting go of what it holds', {
    remedy: 'See what it waits for: quiesced status',
  });
}

/** Its program is in use until then: whoever removes or replaces it would have to wait for the next start of Windows. */
async function untilGone({ clock, programs }: System, pid: number | undefined): Promise<void> {
  for (const until = clock.monotonicMs() + GONE_MS; clock.monotonicMs() < until; await sleep(LOOK_MS)) {
    const running = (await programs?.list()) ?? [];
    if (!running.some((program) => program.pid === pid)) return;
  }
}

function present(): ServiceStatus {
  const found = queryService(SERVICE_NAME);
  if (found !== undefined) return found;
  throw new UserError('service.none', 'there is no service of quiesced', {
    remedy: 'Install it: quiesced service install',
  });
}

async function waitFor(
  { clock }: System,
  wanted: readonly ServiceStatus['state'][],
  limitMs: number,
): Promise<ServiceStatus> {
  const until = clock.monotonicMs() + limitMs;
  for (;;) {
    const now = present();
    if (wanted.includes(now.state) || clock.monotonicMs() >= until) return now;
    await sleep(LOOK_MS);
  }
}
