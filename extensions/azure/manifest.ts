import { EXTENSION, extensionVersion } from './identity.ts';

const VERBS = ['install', 'uninstall', 'update', 'enable', 'disable'] as const;

/** `HandlerManifest.json`: a list of one, as the VM agent reads it (waagent.md §1). */
export function handlerManifest(): string {
  const commands = VERBS.map((verb) => [`${verb}Command`, `bin/handler ${verb}`] as const);
  const manifest = {
    name: EXTENSION.type,
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
