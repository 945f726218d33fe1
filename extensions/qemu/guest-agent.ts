import { UserError } from '../../agent/errors.ts';
import type { Change } from '../../agent/system/changes.ts';
import { ownerOf, planFile } from '../../agent/system/owned-file.ts';
import { isThere, modifiedMs, readableText } from '../../agent/system/readable.ts';
import type { System } from '../../agent/system/system.ts';
import { assertOnlyRootCanChange } from '../../agent/system/trust.ts';
import type { Integration, IntegrationPlan, Note } from '../integration.ts';
import { HELD_MARK, hookText, originIn } from './hook.ts';
import { type Hook, hookOf, SERVICE } from './hooked.ts';

/** Where a distribution has the guest agent's dispatcher, which runs every program in the folder `.d` beside it. */
interface Place {
  readonly dispatcher: string;
  /** The agent's own configuration, where we know which file it reads. */
  readonly configFile?: string;
}

const PLACES: readonly Place[] = [
  // Debian and Ubuntu: the unit runs no hook, but qemu-ga.conf can set one, however it is started.
  { dispatcher: '/etc/qemu/fsfreeze-hook', configFile: '/etc/qemu/qemu-ga.conf' },
  // Red Hat and SUSE: their units say --fsfreeze-hook.
  { dispatcher: '/etc/qemu-ga/fsfreeze-hook' },
];

/** Early, so that the applications of the other hooks are still there for our scripts. */
const HOOK = '10-quiesced';
const RESTART_MS = 30_000;

/** `[snapshot] quiesce-deadline` is 30 min at most: an older mark was left behind by a host that never thawed. */
const HELD_AT_MOST_MS = 30 * 60_000;

/**
 * QEMU's guest agent freezes the file systems when its host says so; a hook in its `fsfreeze-hook.d` has quiesced hold
 * the applications around that (`hold --no-freeze` before, `release` after).
 */
export const qemuGuestAgent: Integration = {
  id: 'qemu-guest-agent',
  platforms: ['linux'],

  async plan(system, self) {
    await assertNotHeld(system);
    return self === undefined ? planRemoval(system) : planHook(system, self, await placeOf(system));
  },
};

async function planHook(system: System, self: readonly string[], place: Place): Promise<IntegrationPlan> {
  await assertOnlyRootCanChange(system, self, { code: 'integrate.unsafe', as: 'around a freeze' });
  const { path, folder, present } = await hookAt(system, place);
  const origin = (await isThere(system, folder)) ? originIn(present) : 'made';
  const hooks: readonly Change[] = [
    ...((await isThere(system, folder)) ? [] : [{ do: 'make-folder' as const, path: folder, mode: 0o755 }]),
    ...(await planFile(system, path, { text: hookText(self, origin), mode: 0o755 })),
  ];
  const hook = await hookOf(system, place.dispatcher, place.configFile);
  const { changes, notes } = await planAgent(system, place, hook);
  return { changes: [...hooks, ...changes], notes: [...notes, DISPATCHER_GOES_ON] };
}

/** Everywhere: the package may have gone since. */
async function planRemoval(system: System): Promise<IntegrationPlan> {
  const changes: Change[] = [];
  for (const place of PLACES) {
    const { path, folder, present } = await hookAt(system, place);
    changes.push(...(await planFile(system, path, undefined)));
    if (ownerOf(present) === 'us' && originIn(present) === 'made') changes.push({ do: 'remove-folder', path: folder });
    if (place.configFile === undefined) continue;
    const config = await planFile(system, place.configFile, undefined);
    if (config.length > 0) changes.push(...config, ...(await restart(system)));
  }
  // Of a host that never thawed.
  if (await isThere(system, HELD_MARK)) changes.push({ do: 'remove', path: HELD_MARK });
  return { changes, notes: [] };
}

/** What makes the agent run its dispatcher at all. */
async function planAgent(system: System, { dispatcher, configFile }: Place, hook: Hook): Promise<IntegrationPlan> {
  if (hook === 'unknown' || (hook !== 'none' && hook.path === dispatcher)) return { changes: [], notes: [] };
  if (hook !== 'none') return { changes: [], notes: [otherHook(hook.path, dispatcher)] };
  if (configFile === undefined || (await isThere(system, configFile))) {
    return { changes: [], notes: [noHook(dispatcher, configFile)] };
  }
  const text = `[general]\nfsfreeze-hook=${dispatcher}\n`;
  const changes = [...(await planFile(system, configFile, { text, mode: 0o644 })), ...(await restart(system))];
  return { changes, notes: (await hasSystemd(system)) ? [] : [restartByHand] };
}

/** It reads its configuration once. One that does not run stays as it is. */
const restart = async (system: System): Promise<readonly Change[]> =>
  (await hasSystemd(system)) ? [{ do: 'run', argv: ['systemctl', 'try-restart', SERVICE], timeoutMs: RESTART_MS }] : [];

const hasSystemd = (system: System): Promise<boolean> => isThere(system, '/run/systemd/system');

async function hookAt(system: System, { dispatcher }: Place) {
  const folder = `${dispatcher}.d`;
  const path = `${folder}/${HOOK}`;
  return { path, folder, present: (await readableText(system, path)) ?? '' };
}

async function placeOf(system: System): Promise<Place> {
  for (const place of PLACES) if (await isThere(system, place.dispatcher)) return place;
  throw new UserError(
    'integrate.missing',
    `QEMU's guest agent is not here: there is no ${PLACES.map(({ dispatcher }) => dispatcher).join(' and no ')}`,
    { remedy: 'Install it, then run the same command again: apt-get install qemu-guest-agent' },
  );
}

/** Its host may have frozen everything: then a write would wait, and the thaw would not find the hook that let go. */
async function assertNotHeld(system: System): Promise<void> {
  const since = await modifiedMs(system, HELD_MARK);
  if (since === undefined || system.clock.now().getTime() - since > HELD_AT_MOST_MS) return;
  throw new UserError('integrate.held', "applications are held for QEMU's guest agent just now", {
    remedy: 'Wait until its host has thawed, then run the same command again. See: quiesced status',
  });
}

const DISPATCHER_GOES_ON: Note = {
  message:
    "QEMU's dispatcher logs a hook that fails, and freezes all the same: [snapshot] on-failure = abort lets go of the applications, but cannot stop its host's snapshot.",
};

const restartByHand: Note = {
  message: 'The guest agent reads its configuration when it starts.',
  remedy: 'Restart it: service qemu-guest-agent restart',
};

const otherHook = (path: string, dispatcher: string): Note => ({
  message: `The guest agent runs ${path} around a freeze, and not ${dispatcher}: our hook will not be called.`,
  remedy: `Have ${path} call it, or start qemu-ga with --fsfreeze-hook=${dispatcher}`,
});

const noHook = (dispatcher: string, configFile: string | undefined): Note => ({
  message: 'The guest agent runs no hook around a freeze: ours will not be called.',
  remedy:
    configFile === undefined
      ? `Start it with --fsfreeze-hook=${dispatcher}`
      : `Add to [general] in ${configFile}: fsfreeze-hook=${dispatcher}, then restart qemu-ga`,
});
