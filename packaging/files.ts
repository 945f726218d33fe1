import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { UNITS } from '../agent/service/units.ts';
import { handlerManifest, VERBS } from '../extensions/azure/manifest.ts';
import { bundle } from './build.ts';
import { bashCompletion } from './completions/bash.ts';
import { fishCompletion } from './completions/fish.ts';
import { offered } from './completions/offered.ts';
import { zshCompletion } from './completions/zsh.ts';
import { changelog } from './deb/changelog.ts';
import { exampleConfiguration } from './example.ts';
import { handlerScript } from './extension/handler-script.ts';
import { licences } from './licences.ts';
import { configurationManual } from './manual/configuration.ts';
import { programManual } from './manual/program.ts';
import { packageFolder } from './npm-package.ts';
import type { Target } from './target.ts';

/** The forms in which it comes to a machine. */
export type Form = 'deb' | 'rpm' | 'tarball';

/** One thing that a package puts on the machine. All of it belongs to root. */
export interface Landed {
  readonly path: string;
  /** All of them when left out. */
  readonly forms?: readonly Form[];
  /** Of a folder that is made: its own; what is in it gets 0755 and 0644. */
  readonly mode: number;
  readonly from: Source;
  /** Belongs to the administrator once it is there: an upgrade keeps what he wrote. */
  readonly configuration?: true;
}

export type Source =
  /** A file of the repository. */
  | { readonly copy: string }
  | { readonly text: (target: Target) => string }
  /** The same, compressed as manuals are. */
  | { readonly gzip: () => string }
  | { readonly folder: 'empty' }
  /** Writes the file or folder itself. */
  | { readonly make: (path: string, target: Target) => Promise<void> };

export const PROGRAM = '/usr/lib/quiesced';
/** Beside `quiesced.mjs`, in its `lib`. */
const EXTENSION_ENTRANCE = { handler: 'extensions/azure/handler/main.ts' };
const UNIT_FOLDER = '/usr/lib/systemd/system';
const DOC = '/usr/share/doc/quiesced';

const ZSH = { mode: 0o644, from: { text: () => zshCompletion(offered()) } } as const;

/** The one list of what lands where. */
export const FILES: readonly Landed[] = [
  { path: PROGRAM, mode: 0o755, from: { make: (path, { koffi }) => bundle(path, koffi) } },
  // What SELinux's default policy takes for a program lies in a bin; elsewhere below /usr/lib it would be a library.
  { path: `${PROGRAM}/bin/node`, mode: 0o755, from: { make: strippedNode } },
  { path: '/usr/bin/quiesced', mode: 0o755, from: { copy: 'packaging/quiesced.sh' } },

  ...UNITS.map((unit) => ({ path: `${UNIT_FOLDER}/${unit}`, mode: 0o644, from: { copy: `systemd/${unit}` } })),
  { path: '/usr/lib/tmpfiles.d/quiesced.conf', mode: 0o644, from: { copy: 'systemd/quiesced.tmpfiles' } },
  {
    path: '/usr/lib/systemd/system-preset/50-quiesced.preset',
    forms: ['rpm'],
    mode: 0o644,
    from: { copy: 'systemd/quiesced.preset' },
  },

  {
    path: '/etc/quiesced/quiesced.conf',
    // The address of [notify] url may hold a secret.
    mode: 0o640,
    from: { text: exampleConfiguration },
    configuration: true,
  },
  { path: '/etc/quiesced/quiesced.conf.d', mode: 0o755, from: { folder: 'empty' } },
  { path: '/etc/quiesced/hooks.d', mode: 0o755, from: { folder: 'empty' } },

  // For machines without journald. Without it, and after the archive, the log starts anew at 10 MB by itself.
  {
    path: '/etc/logrotate.d/quiesced',
    forms: ['deb', 'rpm'],
    mode: 0o644,
    from: { copy: 'packaging/quiesced.logrotate' },
    configuration: true,
  },

  { path: '/usr/share/man/man8/quiesced.8.gz', mode: 0o644, from: { gzip: programManual } },
  { path: '/usr/share/man/man5/quiesced.conf.5.gz', mode: 0o644, from: { gzip: configurationManual } },
  {
    path: '/usr/share/bash-completion/completions/quiesced',
    mode: 0o644,
    from: { text: () => bashCompletion(offered()) },
  },
  // Where zsh looks: as Debian builds it, and as its authors do.
  { ...ZSH, path: '/usr/share/zsh/vendor-completions/_quiesced', forms: ['deb'] },
  { ...ZSH, path: '/usr/share/zsh/site-functions/_quiesced', forms: ['rpm', 'tarball'] },
  {
    path: '/usr/share/fish/vendor_completions.d/quiesced.fish',
    mode: 0o644,
    from: { text: () => fishCompletion(offered()) },
  },

  { path: `${DOC}/copyright`, forms: ['deb', 'tarball'], mode: 0o644, from: { text: licences } },
  { path: '/usr/share/licenses/quiesced/LICENSE', forms: ['rpm'], mode: 0o644, from: { text: licences } },
  { path: `${DOC}/changelog.gz`, forms: ['deb'], mode: 0o644, from: { gzip: changelog } },
  {
    path: '/usr/share/lintian/overrides/quiesced',
    forms: ['deb'],
    mode: 0o644,
    from: { copy: 'packaging/deb/lintian-overrides' },
  },
];

/** What is in the packages of one form. */
export const filesOf = (form: Form): readonly Landed[] => FILES.filter(({ forms }) => forms?.includes(form) ?? true);

/** What the VM agent unpacks; the bits of its modes get lost there, and it lets each file be run. */
export const EXTENSION_FILES: readonly Landed[] = [
  { path: '/HandlerManifest.json', mode: 0o644, from: { text: () => handlerManifest('linux') } },
  { path: '/bin/handler', mode: 0o755, from: { copy: 'packaging/extension/handler.sh' } },
  { path: '/program', mode: 0o755, from: { make: (path, { koffi }) => bundle(path, koffi, EXTENSION_ENTRANCE) } },
  { path: '/program/node', mode: 0o755, from: { make: strippedNode } },
  { path: '/copyright', mode: 0o644, from: { text: licences } },
];

/** The same for the agent of Windows, which runs a file for each verb. */
export const WINDOWS_EXTENSION_FILES: readonly Landed[] = [
  { path: '/HandlerManifest.json', mode: 0o644, from: { text: () => handlerManifest('windows') } },
  ...VERBS.map((verb) => ({ path: `/bin/${verb}.cmd`, mode: 0o755, from: { text: () => handlerScript(verb) } })),
  { path: '/program', mode: 0o755, from: { make: (path, { koffi }) => bundle(path, koffi, EXTENSION_ENTRANCE) } },
  { path: '/program/node.exe', mode: 0o755, from: { make: wholeNode } },
  { path: '/copyright.txt', mode: 0o644, from: { text: licences } },
];

/** What is in the MSI, below `C:\\Program Files\\quiesced`. Configuration and state are made by the program, closed to others. */
export const MSI_FILES: readonly Landed[] = [
  { path: '/', mode: 0o755, from: { make: (path, { koffi }) => bundle(path, koffi) } },
  // As it comes: with its signature, which policies of who may run what go by.
  { path: '/node.exe', mode: 0o755, from: { make: wholeNode } },
  // In a folder of its own, because that is what PATH names: nobody's `node` becomes this one.
  { path: '/bin/quiesced.cmd', mode: 0o755, from: { copy: 'packaging/msi/quiesced.cmd' } },
  { path: '/quiesced.conf.example', mode: 0o644, from: { text: exampleConfiguration } },
  { path: '/LICENSE.txt', mode: 0o644, from: { text: licences } },
];

async function wholeNode(path: string, { node }: Target): Promise<void> {
  copyFileSync(join(packageFolder(node), 'bin/node.exe'), path);
}

/** Without symbols it is 18 MB smaller; a stack trace of JavaScript does not need them. */
async function strippedNode(path: string, { node, strip = 'strip' }: Target): Promise<void> {
  execFileSync(strip, ['--strip-all', '--remove-section=.comment', '-o', path, join(packageFolder(node), 'bin/node')]);
}
