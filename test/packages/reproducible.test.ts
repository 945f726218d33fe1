import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { BUILDERS, FORMS } from '../../packaging/package.ts';
import { ARCHITECTURES } from '../../packaging/target.ts';
import { whyNotBuilt } from './built.ts';

const before = { ...process.env };

for (const form of FORMS) {
  for (const architecture of ARCHITECTURES) {
    const skip = whyNotBuilt(form, architecture);
    t.test(`${form}, ${architecture}: the same sources make the same bytes`, { skip }, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'quiesced-reproducible-'));
      const umask = process.umask();
      t.teardown(async () => {
        process.umask(umask);
        Object.assign(process.env, { TZ: before.TZ ?? 'UTC', LC_ALL: before.LC_ALL ?? 'C.UTF-8' });
        await rm(folder, { recursive: true, force: true });
      });
      // Not compressed: what compresses adds neither time nor name of its own, and takes a minute.
      const one = await BUILDERS[form](join(folder, 'one'), architecture, 'none');
      process.umask(0o077);
      Object.assign(process.env, { TZ: 'Pacific/Kiritimati', LC_ALL: 'C' });
      const other = await BUILDERS[form](join(folder, 'other'), architecture, 'none');
      t.equal(basename(one), basename(other));
      t.ok(readFileSync(one).equals(readFileSync(other)));
    });
  }
}
