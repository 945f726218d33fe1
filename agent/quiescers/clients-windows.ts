import { win32 } from 'node:path';
import { UserError } from '../errors.ts';
import { readableList } from '../system/readable.ts';
import { registryText } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { exposure } from '../system/trust.ts';

/** Where an installer puts the clients of a database: `ABOVE\VERSION\bin`, below Program Files. */
export interface Installations {
  /** Empty where the versions stand in Program Files itself. */
  readonly above: string;
  /** What the folder of a version is named. */
  readonly version: RegExp;
  /** The better one first. */
  readonly programs: readonly string[];
}

/** Only administrators may write it, which cannot be said of a variable of the environment. */
const PROGRAM_FILES = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\ProgramFilesDir';

/**
 * The client of the newest version that is installed, of the first of the places that has one. Never by PATH, which
 * belongs to whoever calls. Throws a `UserError` (`quiescer.no-client`).
 */
export async function clientOnWindows(system: System, places: readonly Installations[]): Promise<string> {
  const programFiles = (await registryText(system, PROGRAM_FILES)) ?? 'C:\\Program Files';
  for (const { above, version, programs } of places) {
    const folder = win32.join(programFiles, above);
    const versions = (await readableList(system, folder)).filter((name) => version.test(name));
    versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
    for (const name of versions) {
      for (const program of programs) {
        const path = win32.join(folder, name, 'bin', program);
        if ((await system.stat(path))?.kind === 'file') return path;
      }
    }
  }
  const looked = places.map(({ above, programs }) => win32.join(programFiles, above, '…', 'bin', programs[0] ?? ''));
  throw new UserError('quiescer.no-client', `there is no client program: ${looked.join(', ')}`, {
    remedy: 'Install it, or name it in the section of the quiescer: client = PATH.',
  });
}

/** Throws a `UserError` (`quiescer.exposed`) for a file with a password in it that others may read. */
export async function assertUnread(system: System, path: string | undefined): Promise<void> {
  const exposed = path === undefined ? undefined : await exposure(system, path);
  if (exposed === undefined) return;
  throw new UserError('quiescer.exposed', `the password in ${path} ${exposed.what}`, { remedy: exposed.remedy });
}
