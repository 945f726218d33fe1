import type { Platform } from '../../agent/system/system.ts';
import { EXTENSION, extensionVersion } from './identity.ts';

export const VERBS = ['install', 'uninstall', 'update', 'enable', 'disable'] as const;

/** Below the folder of the version. The agent of Windows is given a file for each, as is the custom there. */
const COMMAND: Readonly<Record<Platform, (verb: string) => string>> = {
  linux: (verb) => `bin/handler ${verb}`,
  windows: (verb) => `bin\\${verb}.cmd`,
};

/** `HandlerManifest.json`: a list of one, as the VM agent reads it (waagent.md §1). */
export function handlerManifest(platform: Platform): string {
  const commands = VERBS.map((verb) => [`${verb}Command`, COMMAND[platform](verb)] as const);
  const manifest = {
    name: EXTENSION.type[platform],
    publisher: EXTENSION.publisher,
    // Of the manifest's own shape, and always this.
    version: 1.0,
    handlerVersion: extensionVersion(),
    handlerManifest: {
      ...Object.fromEntries(commands),
      rebootAfterInstall: false,
      // The state of a job is in its status; a daemon that beats has none here.
      reportHeartbeat: false,
      updateMode: 'UpdateWithInstall',
      // A version that cannot be taken away must not stop the one that mends it.
      continueOnUpdateFailure: true,
      supportsMultipleExtensions: false,
    },
  };
  return `${JSON.stringify([manifest], undefined, 2)}\n`;
}
