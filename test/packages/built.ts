import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Form } from '../../packaging/files.ts';
import { BUILDERS } from '../../packaging/package.ts';
import { buildRpm } from '../../packaging/rpm/build.ts';
import { type Architecture, TARGETS } from '../../packaging/target.ts';

/** What each form is made with. */
const PROGRAMS: Readonly<Record<Form, string>> = { deb: 'dpkg-deb', rpm: 'rpmbuild', tarball: 'tar' };

/** Why a package cannot be made here; false when it can. */
export function whyNotBuilt(form: Form, architecture: Architecture): string | false {
  const missing = [PROGRAMS[form], TARGETS[architecture].strip].filter((name) => spawnSync(name, ['--version']).error);
  return missing.length === 0 ? false : `not installed here: ${missing.join(', ')}; sh test/packages/setup.sh`;
}

/** Makes one, not compressed, which would take a minute; gone with the test. */
export const built = (form: Form, architecture: Architecture): Promise<string> =>
  BUILDERS[form](folderFor(form), architecture, 'none');

/** An RPM that is newer than what `built` makes. */
export const builtNewer = (architecture: Architecture): Promise<string> =>
  buildRpm(folderFor('rpm'), architecture, 'none', '2');

function folderFor(form: Form): string {
  const folder = mkdtempSync(join(tmpdir(), `quiesced-${form}-test-`));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
