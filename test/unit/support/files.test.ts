import t from 'tap';
import { fileParts } from '../../../agent/support/files.ts';
import { FILES, FOLDERS } from '../../../agent/support/places.ts';
import type { RunResult } from '../../../agent/system/system.ts';
import { fakeSystem } from '../../fakes/system.ts';

const FOLDER = FOLDERS.logs[0] ?? '';

/** @param found as find prints it: where it began, and what it found below that. */
async function partsOf(found: (resolve: (path: string) => string) => Partial<RunResult>) {
  const system = fakeSystem({ programs: { find: async () => found(system.resolve), tail: { stdout: 'text\n' } } });
  t.teardown(system.cleanUp);
  const parts = (await fileParts(system))('logs');
  const told = await Promise.all(
    parts.map(async ({ name, gather }) => [name, await gather().catch(({ message }) => message)] as const),
  );
  return { told: new Map(told), ran: system.ran };
}

t.test('only files that are there are read', async (t) => {
  const { told, ran } = await partsOf((resolve) => ({
    exitCode: 1,
    stdout: `${resolve('/var/log/waagent.log')}\t\n${resolve(FOLDER)}\t1.0/extension.log\n`,
  }));
  t.strictSame(told.get('logs/var/log/waagent.log'), { text: 'text\n' });
  t.strictSame(told.get(`logs${FOLDER}/1.0/extension.log`), { text: 'text\n' });
  t.equal(told.get('logs/var/log/quiesced/quiesced.log'), 'there is no file /var/log/quiesced/quiesced.log');
  t.equal(told.size, FILES.logs.length + 1);
  t.equal(ran.length, 3, 'one program to find them, and one for each');
});

t.test('a folder that holds more than it should: the rest is told', async (t) => {
  const { told } = await partsOf((resolve) => ({
    stdout: Array.from({ length: 60 }, (_, at) => `${resolve(FOLDER)}\t${at + 100}.log\n`).join(''),
  }));
  t.strictSame(told.get(`logs${FOLDER}/149.log`), { text: 'text\n' });
  t.equal(told.get(`logs${FOLDER}/150.log`), 'too many are beside it');
});

t.test('a disk that does not answer: each is tried by itself, and a folder told', async (t) => {
  const { told } = await partsOf(() => ({ ended: 'timed-out', exitCode: undefined }));
  t.strictSame(told.get('logs/var/log/waagent.log'), { text: 'text\n' });
  t.equal(told.get(`logs${FOLDER}`), 'what is in it could not be found out');
});
