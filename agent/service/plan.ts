import { posix } from 'node:path';
import { UserError } from '../errors.ts';
import type { Change } from '../system/changes.ts';
import { planFile } from '../system/owned-file.ts';
import type { System } from '../system/system.ts';
import { assertOnlyRootCanChange } from '../system/trust.ts';
import { isPackaged, OWN_UNITS, readState, type ServiceState, systemdRuns } from './state.ts';
import { PACKAGED, SOURCES, textOf, UNITS, WAYS, type Way } from './units.ts';

/** What would be changed, in order, and what should be known about it. */
export interface ServicePlan {
  readonly changes: readonly Change[];
  readonly notes: readonly { readonly message: string; readonly remedy?: string }[];
}

/** The unit allows three minutes for letting go, and half as much for starting. */
const SYSTEMCTL_MS = 300_000;

/**
 * Brings the service to the way that is wanted: units by hand where there is no package, and only the switch from one
 * way to the other where there is. Nothing to do is an empty plan.
 *
 * Throws a `UserError`: `service.no-systemd`, `service.packaged` (another copy of the program is installed),
 * `service.unsafe` (somebody but root could exchange the program), `service.masked`, or what `planFile` throws.
 */
export async function planInstall(system: System, self: readonly string[], way: Way): Promise<ServicePlan> {
  await assertSystemd(system, self);
  const packaged = await isPackaged(system);
  if (packaged && self.join(' ') !== PACKAGED.join(' ')) throw alreadyPackaged(self);
  const state = await readState(system);
  assertNotMasked(state, way);
  const files = packaged ? [] : await planOwnFiles(system, self);
  const changes = [...files, ...reloadAfter(files), ...switchTo(way, state)];
  return { changes, notes: [...aboutSources(self), ...aboutRestart(files, state)] };
}

/**
 * Takes out exactly what install wrote, and stops it, which thaws and lets go. What is owed, the history and the
 * configuration stay.
 */
export async function planUninstall(system: System): Promise<ServicePlan> {
  const files: Change[] = [];
  for (const path of Object.values(PLACES)) files.push(...(await planFile(system, path, undefined)));
  if (files.length === 0) {
    if (await isPackaged(system)) throw removeThePackage();
    return { changes: [], notes: [] };
  }
  const running = await systemdRuns(system);
  // The ones that could start it again first. None that is not there (an install that broke off), nor somebody else's.
  const ours = [...WAYS['on-demand'], ...WAYS.resident].filter((unit) =>
    files.some((change) => change.do === 'remove' && change.path === PLACES[unit]),
  );
  const stop = ours.length === 0 ? [] : [run('systemctl', 'disable', '--now', ...ours)];
  return { changes: [...(running ? stop : []), ...files, ...(running ? reloadAfter(files) : [])], notes: [] };
}

/** Where each of `systemd/` goes on a machine without packages. */
const PLACES = {
  ...(Object.fromEntries(UNITS.map((unit) => [unit, `${OWN_UNITS}/${unit}`])) as Record<
    (typeof UNITS)[number],
    string
  >),
  'quiesced.tmpfiles': '/etc/tmpfiles.d/quiesced.conf',
} as const satisfies Record<(typeof SOURCES)[number], string>;

async function planOwnFiles(system: System, self: readonly string[]): Promise<readonly Change[]> {
  await assertOnlyRootCanChange(system, self, { code: 'service.unsafe', as: 'as a service' });
  const changes: Change[] = [];
  for (const source of SOURCES) {
    const path = PLACES[source];
    const folder = posix.dirname(path);
    if ((await system.stat(folder)) === undefined) changes.push({ do: 'make-folder', path: folder, mode: 0o755 });
    changes.push(...(await planFile(system, path, { text: textOf(source, self), mode: 0o644 })));
  }
  return changes.length === 0 ? [] : [...changes, run('systemd-tmpfiles', '--create', PLACES['quiesced.tmpfiles'])];
}

const reloadAfter = (files: readonly Change[]): readonly Change[] =>
  files.length === 0 ? [] : [run('systemctl', 'daemon-reload')];

/** The two exclude each other: systemd refuses to listen for a service that runs already. */
function switchTo(way: Way, { units }: ServiceState): readonly Change[] {
  const other = WAYS[way === 'resident' ? 'on-demand' : 'resident'];
  const isActive = (unit: (typeof UNITS)[number]) => ['active', 'activating'].includes(units[unit].active);
  const isEnabled = (unit: (typeof UNITS)[number]) => units[unit].enabled === 'enabled';
  const leaving = other.filter((unit) => isActive(unit) || isEnabled(unit));
  const done = WAYS[way].every((unit) => isActive(unit) && isEnabled(unit));
  // One that a request has started would leave after a minute, and nobody would start it again.
  const requested = way === 'resident' && leaving.length > 0 && isActive('quiesced.service');
  return [
    ...(leaving.length === 0 ? [] : [run('systemctl', 'disable', '--now', ...leaving)]),
    ...(requested ? [run('systemctl', 'stop', 'quiesced.service')] : []),
    ...(done && !requested ? [] : [run('systemctl', 'enable', '--now', ...WAYS[way])]),
  ];
}

const run = (...argv: readonly string[]): Change => ({ do: 'run', argv, timeoutMs: SYSTEMCTL_MS });

async function assertSystemd(system: System, self: readonly string[]): Promise<void> {
  if (await systemdRuns(system)) return;
  throw new UserError('service.no-systemd', 'systemd does not run here, and nothing else is known to install it for', {
    remedy: `Have this started by what runs here instead: ${self.join(' ')} daemon`,
  });
}

function assertNotMasked({ units }: ServiceState, way: Way): void {
  // A socket starts the service too.
  const masked = [...new Set([...WAYS[way], 'quiesced.service' as const])].filter((unit) =>
    units[unit].enabled.startsWith('masked'),
  );
  if (masked.length === 0) return;
  throw new UserError('service.masked', `${masked.join(' and ')} is masked, so that nobody can start it`, {
    remedy: `If that is not meant any more: systemctl unmask ${masked.join(' ')}`,
  });
}

/** The units of all packages look alike: who installed it knows which it was. */
const HOW_REMOVED =
  'apt-get remove quiesced, dnf remove quiesced, or /usr/lib/quiesced/install.sh --uninstall, as it was installed';

const alreadyPackaged = (self: readonly string[]): UserError =>
  new UserError('service.packaged', `a package has installed quiesced already, and this is another: ${self.at(-1)}`, {
    remedy: `To change how the packaged one runs: /usr/bin/quiesced service install [--on-demand]. To run this one instead, remove the package first: ${HOW_REMOVED}`,
  });

const removeThePackage = (): UserError =>
  new UserError('service.packaged', 'a package has installed the service, and it goes with the package', {
    remedy: `${HOW_REMOVED}. To keep the package, but not the service: systemctl disable --now quiesced`,
  });

const aboutSources = (self: readonly string[]): ServicePlan['notes'] =>
  self.at(-1)?.endsWith('.ts')
    ? [
        {
          message: 'This runs from its sources, which takes longer to start and twice the memory.',
          remedy: 'npm run build, and install the service from dist/quiesced.mjs',
        },
      ]
    : [];

const aboutRestart = (files: readonly Change[], { units }: ServiceState): ServicePlan['notes'] =>
  files.length > 0 && units['quiesced.service'].active === 'active'
    ? [
        {
          message: 'The service that runs goes on as it was.',
          remedy: 'When no snapshot is under way: systemctl restart quiesced.service',
        },
      ]
    : [];
