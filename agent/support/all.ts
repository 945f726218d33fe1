import type { Facts } from '../system/facts.ts';
import { permissionListeners } from '../system/fanotify.ts';
import { otherFreezers } from '../system/other-freezers.ts';
import type { System } from '../system/system.ts';
import { fileParts } from './files.ts';
import { command, made, type Part } from './part.ts';
import { LISTED_FOLDERS } from './places.ts';
import { LOG_COMMANDS, MACHINE_COMMANDS } from './programs.ts';

/** Reading a process that hangs may take for ever. */
const PROC_LIMIT_MS = 10_000;

/**
 * Every part of a bundle but those that only the caller can make. What is likely to hold secrets by their names stands
 * first: they are then found in the rest, too.
 */
export async function allParts(system: System, facts: Facts): Promise<readonly Part[]> {
  const files = await fileParts(system);
  return [
    ...files('config'),
    environment(system),
    ...files('state'),
    ...files('logs'),
    ...LOG_COMMANDS.map(([name, ...argv]) => command(system, `logs/${name}`, argv)),
    ...files('machine'),
    ...MACHINE_COMMANDS.map(([name, ...argv]) => command(system, `machine/${name}`, argv)),
    command(system, 'machine/folders.txt', ['ls', '-lanR', ...LISTED_FOLDERS.map((each) => system.resolve(each))]),
    made('machine/facts.json', PROC_LIMIT_MS, async () => facts),
    made('machine/fanotify-listeners.json', PROC_LIMIT_MS, () => permissionListeners(system)),
    made('machine/other-freezers.json', PROC_LIMIT_MS, () => otherFreezers(system)),
  ];
}

/** The names of all variables, and the values of those that change what we do. */
const environment = (system: System): Part =>
  made('config/environment.json', PROC_LIMIT_MS, async () =>
    Object.fromEntries(
      Object.keys(system.env)
        .sort()
        .map((name) => [name, SHOWN_VARIABLES.test(name) ? system.env[name] : '(not shown)']),
    ),
  );

const SHOWN_VARIABLES = /^(PATH|LANG|LC_\w+|TZ|HOME|NO_COLOR|QUIESCED_\w+|NODE_\w+|\w+_proxy)$/i;
