/** The promises of agent/takers/taker.ts, kept by both takers of Azure. */
import t, { type Test } from 'tap';
import type { AzureTaker } from '../../extensions/azure/takers/azure-taker.ts';
import { takerContract } from '../contract/taker.ts';
import { makeCertificates } from './certificates.ts';
import { type Behaviour, type Mock, startMock } from './mock.ts';
import { takerOf, until } from './rig.ts';

const certificates = makeCertificates();
const { ca } = certificates;
t.teardown(() => certificates.remove());
const mocks: Mock[] = [];
const TIME = '2026-11-21T15:00:00.0000000Z';

async function mock(t: Test, behaviour: Behaviour, secure: boolean): Promise<Mock> {
  const made = await startMock(behaviour, secure ? certificates : undefined);
  mocks.push(made);
  t.teardown(() => made.close());
  return made;
}

/** What is closed here is noticed there a moment later. */
async function openConnections(): Promise<readonly string[]> {
  const open = () => mocks.flatMap(({ open, origin }) => (open > 0 ? [`${open} to ${origin}`] : []));
  const late = new Promise((resolve) => setTimeout(resolve, 20_000).unref());
  await Promise.race([until(() => open().length === 0), late]);
  return open();
}

async function guest(t: Test, behaviour: Behaviour): Promise<AzureTaker> {
  const { origin } = await mock(t, behaviour, true);
  return takerOf(t, { ca, job: { blobSasUris: [`${origin}/os?sig=1`, `${origin}/data?sig=1`] } });
}

async function host(t: Test, taken: ReturnType<Behaviour>): Promise<AzureTaker> {
  const ready = { status: 200, body: '{}' };
  const { origin } = await mock(t, ({ path }) => (path.startsWith('/pre') ? ready : taken), false);
  return takerOf(t, { hostUrl: `${origin}/`, job: { takeSnapshotFrom: 'onlyHost' } });
}

takerContract({
  name: 'azure-blob',
  async working(t) {
    const taker = await guest(t, () => ({ status: 201, headers: { 'x-ms-snapshot': TIME } }));
    const { origin } = mocks.at(-1) as Mock;
    return { taker, snapshot: `${origin}/os?snapshot=${TIME}, ${origin}/data?snapshot=${TIME}` };
  },
  unready: (t) => takerOf(t, { ca, job: { blobSasUris: ['https://127.0.0.1:9/os?sig=1'] } }),
  failing: (t) => guest(t, () => ({ status: 403 })),
  endless: (t) => guest(t, () => 'hang'),
  leftovers: openConnections,
});

const snapshotUri = `https://md.blob.example/os?snapshot=${TIME}`;
takerContract({
  name: 'azure-host',
  async working(t) {
    const uris = [snapshotUri, snapshotUri, snapshotUri];
    const snapshotInfo = uris.map((uri) => ({ isSuccessful: 'true', snapshotUri: uri }));
    const taker = await host(t, { status: 200, body: JSON.stringify({ snapshotInfo }) });
    return { taker, snapshot: uris.join(', ') };
  },
  unready: (t) => takerOf(t, { job: { takeSnapshotFrom: 'onlyHost' } }),
  failing: (t) => host(t, { status: 500 }),
  endless: (t) => host(t, 'hang'),
  leftovers: openConnections,
});
