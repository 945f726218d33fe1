import t from 'tap';
import { readDoSnapshot } from '../../../../extensions/azure/takers/host-messages.ts';
import { describe } from '../../../../extensions/azure/takers/snapshot-set.ts';

const answer = (...rows: readonly object[]): string => JSON.stringify({ snapshotInfo: rows });
const URI = 'https://a.blob.core.windows.net/vhds/os.vhd?snapshot=2026-11-21T00:00:00.0000000Z';

t.test('a snapshot that nobody can name is none', async (t) => {
  const good = { isSuccessful: 'true', snapshotUri: URI };
  t.equal(readDoSnapshot(answer(good), 1).failure, undefined);
  const unnamed = readDoSnapshot(answer(good, { isSuccessful: 'true', snapshotUri: '' }), 2);
  t.ok(unnamed.failure, 'it is told as failed');
  t.match(unnamed.disks, [{ successful: true }, { successful: false, error: /names no snapshot/ }]);
});

t.test('a disk of which the host says nothing has no snapshot', async (t) => {
  const [good, bad] = [{ isSuccessful: 'true', snapshotUri: URI }, { isSuccessful: 'false' }];
  const fewer = readDoSnapshot(answer(good, good), 3);
  t.match(fewer, { failure: 'some', said: /2 disks of 3/ });
  t.equal(describe(fewer), 'not each disk has a snapshot: the host tells of 2 disks of 3');
  t.equal(readDoSnapshot(answer(good, bad), 3).failure, 'some');
  t.equal(readDoSnapshot(answer(good, good, good), 2).failure, undefined, 'more: what belongs to the machine besides');
  t.equal(readDoSnapshot(answer(good), 0).failure, undefined, 'the job names no disk: all are meant');
});
