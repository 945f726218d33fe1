/** What stands between us and a client on Windows; run here with a client of this machine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { feed } from '../../../agent/system/feeder.ts';

const folder = mkdtempSync(join(tmpdir(), 'quiesced-feeder-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

t.test('whoever is killed in the middle of a statement has said none of it', async (t) => {
  const log = join(folder, 'log');
  const env = { PATH: process.env.PATH, QUIESCED_BYE: 'bye', QUIESCED_FAREWELL: 'unlock' };
  const input = new PassThrough();
  const fed = feed({ env }, ['/bin/sh', '-c', `cat >${log}`], 60_000, input);
  input.write('lock\nDELETE FROM markers');
  input.end(' WHERE');
  t.equal(await fed, 0);
  t.equal(readFileSync(log, 'utf8'), 'lock\nunlock\n');
});
