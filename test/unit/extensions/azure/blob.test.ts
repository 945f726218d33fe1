import t, { type Test } from 'tap';
import { writeBlob } from '../../../../extensions/azure/handler/blob.ts';
import { type Behaviour, startMock } from '../../../azure/mock.ts';
import { fakeSystem } from '../../../fakes/system.ts';
import { SECRET } from './jobs.ts';

async function written(t: Test, behaviour: Behaviour, text: string) {
  const storage = await startMock(behaviour);
  const system = fakeSystem();
  t.teardown(async () => {
    system.cleanUp();
    await storage.close();
  });
  const testing = { ...system, env: { QUIESCED_TEST: '1' } };
  const error = await writeBlob(testing, `${storage.origin}/status?sv=1&sig=${SECRET}`, text).catch((each) => each);
  return { error, asked: storage.received };
}

t.test('a block blob is replaced as a whole, and asked for its type first', async (t) => {
  const { asked } = await written(
    t,
    () => ({ status: 201, headers: { 'x-ms-blob-type': 'BlockBlob' } }),
    '[{"ü":1}]\n',
  );
  t.strictSame(
    asked.map(({ method }) => method),
    ['GET', 'PUT'],
  );
  t.match(asked[1], {
    path: `/status?sv=1&sig=${SECRET}`,
    body: '[{"?":1}]\n',
    headers: { 'x-ms-blob-type': 'BlockBlob' },
  });
});

t.test('a page blob: cleared, or made larger, then written in pages', async (t) => {
  const pages =
    (size: number): Behaviour =>
    ({ method }) =>
      method === 'GET'
        ? { status: 200, headers: { 'x-ms-blob-type': 'PageBlob' }, body: ' '.repeat(size) }
        : { status: 201 };
  const small = await written(t, pages(1024), 'x'.repeat(600));
  t.match(small.asked.slice(1), [
    { path: /&comp=page$/, headers: { 'x-ms-page-write': 'clear', 'x-ms-range': 'bytes=0-1023' } },
    { path: /&comp=page$/, headers: { 'x-ms-page-write': 'update', 'x-ms-range': 'bytes=0-1023' } },
  ]);
  t.equal(small.asked[2]?.body, `${'x'.repeat(600)}${' '.repeat(424)}`);
  const large = await written(t, pages(512), 'x'.repeat(5_000_000));
  t.match(large.asked.slice(1), [
    { path: /&comp=properties$/, headers: { 'x-ms-blob-content-length': '5000192' } },
    { headers: { 'x-ms-range': 'bytes=0-4194303' } },
    { headers: { 'x-ms-range': 'bytes=4194304-5000191' } },
  ]);
});

t.test('tried three times, and the signature is in no message', async (t) => {
  const { error, asked } = await written(t, () => ({ status: 403, body: 'AuthenticationFailed' }), 'x');
  t.equal(asked.length, 3);
  t.match(error, { message: /answers 403 to GET$/ });
  t.notOk(String(error).includes(SECRET));
});
