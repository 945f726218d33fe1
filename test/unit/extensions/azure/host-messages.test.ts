import t from 'tap';
import { readDoSnapshot } from '../../../../extensions/azure/takers/host-messages.ts';

const answer = (...rows: readonly object[]): string => JSON.stringify({ snapshotInfo: rows });
const URI = 'https://a.blob.core.windows.net/vhds/os.vhd?snapshot=2026-11-21T00:00:00.0000000Z';

t.test('a snapshot that nobody can name is none', async (t) => {
  const good = { isSuccessful: 'true', snapshotUri: URI };
  t.equal(readDoSnapshot(answer(good)).failure, undefined);
  const unnamed = readDoSnapshot(answer(good, { isSuccessful: 'true', snapshotUri: '' }));
  t.ok(unnamed.failure, 'it is told as failed');
  t.match(unnamed.disks, [{ successful: true }, { successful: false, error: /names no snapshot/ }]);
});
