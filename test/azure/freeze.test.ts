/** Whole runs on real file systems: what happens to the freeze while Azure is slow, throttles or says nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import type { AzureJob } from '../bench/azure-peer.ts';
import { loopTest, type Mounted, type Rig } from '../system/loop.ts';
import { isWritable } from '../system/loop-observe.ts';
import { makeCertificates } from './certificates.ts';
import { type Behaviour, type Mock, type Reply, startMock } from './mock.ts';

const certificates = makeCertificates();
t.teardown(() => certificates.remove());
const DONE: Reply = { status: 201, headers: { 'x-ms-snapshot': '2026-11-21T15:00:00.0000000Z' } };
const RATE: Reply = { status: 409, body: 'The rate of snapshot blob calls is exceeded' };

/** Time enough to freeze twice and be answered, on a machine that is busy; who hangs does so for ever. */
const DEADLINE_MS = 5000;
const PATIENCE_MS = 30_000;

interface Wishes {
  readonly from: AzureJob['from'];
  readonly storage?: Behaviour;
  readonly host?: ReturnType<Behaviour>;
  readonly deadlineMs?: number;
}

/** The job in a process of its own, as `bench:azure` has it. */
async function run(t: Test, rig: Rig, mounted: readonly Mounted[], wishes: Wishes) {
  const { from, storage: behaviour = () => DONE, host: taken = 'hang', deadlineMs } = wishes;
  const storage = await startMock(behaviour, certificates);
  const host = await startMock(({ path }) => (path.startsWith('/pre') ? { status: 200, body: '{}' } : taken));
  t.teardown(() => Promise.all([storage.close(), host.close()]));
  const mounts = mounted.map(({ mountPoint }) => mountPoint);
  const job: AzureJob = {
    ...{ from, storage: storage.origin, host: host.origin, ca: certificates.ca, mounts },
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, '../bench/azure-process.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      QUIESCED_TEST: '1',
      QUIESCED_TEST_ROOT: rig.root,
      QUIESCED_TEST_DEVICES: mounted.map(({ id }) => id).join(','),
    },
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  child.stdin.end(`${JSON.stringify(job)}\n`);
  await once(child, 'close');
  return { storage, host, outcome: JSON.parse(said.trim().split('\n').at(-1) ?? '') as Outcome };
}

/** From the last file system that was frozen to the first that was thawed, each time; CLOCK_MONOTONIC. */
function windows({ timeline, startedMonotonicMs = 0 }: Outcome): readonly (readonly [fromMs: number, toMs: number])[] {
  const found: [number, number][] = [];
  let fromMs = 0;
  let open = false;
  for (const { step, atMs, tookMs } of timeline.filter(({ phase }) => phase === 'freeze')) {
    if (step === 'freeze') [fromMs, open] = [Math.max(open ? fromMs : 0, atMs + tookMs), true];
    if (step === 'thaw' && open) {
      found.push([startedMonotonicMs + fromMs, startedMonotonicMs + atMs]);
      open = false;
    }
  }
  return found;
}

const within = (mock: Mock, [fromMs, toMs]: readonly [number, number]): number =>
  mock.received.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).length;

loopTest('storage is asked while all is frozen, and not before', async (t, rig) => {
  const mounted = [await rig.make('ext4'), await rig.make('xfs')];
  const { outcome, storage } = await run(t, rig, mounted, { from: 'onlyGuest' });
  t.match(outcome, { consistency: 'file-system', taker: 'azure-blob', faults: [] });
  const [window, ...more] = windows(outcome);
  t.strictSame(more, []);
  t.equal(within(storage, window ?? [0, 0]), 2);
  t.equal(storage.received.length, 2);
});

loopTest('throttled: thawed meanwhile, and frozen anew', async (t, rig) => {
  const mounted = [await rig.make('ext4'), await rig.make('xfs')];
  let refusals = 3;
  const storage: Behaviour = ({ path }) => (path.includes('disk-1') && refusals-- > 0 ? RATE : DONE);
  const { outcome, storage: mock } = await run(t, rig, mounted, { from: 'onlyGuest', storage });
  t.match(outcome, { consistency: 'file-system', faults: [], frozen: mounted.map(({ mountPoint }) => mountPoint) });
  const [first = [0, 0], second = [0, 0], ...more] = windows(outcome);
  t.strictSame(more, []);
  t.ok(second[0] - first[1] >= 1000, 'whoever writes had a second to do it');
  t.equal(within(mock, first), 4, 'two disks, and one of them twice more');
  t.equal(within(mock, second), 2, 'both anew: a set is of one moment');
});

loopTest(
  'a host that accepts and says nothing: the guest, after the deadline and in a freeze of its own',
  async (t, rig) => {
    const mounted = [await rig.make('ext4')];
    const { outcome, storage, host } = await run(t, rig, mounted, {
      from: 'firstHostThenGuest',
      deadlineMs: DEADLINE_MS,
    });
    t.match(outcome, { consistency: 'file-system', taker: 'azure-host', faults: [] });
    t.equal(host.received.length, 2);
    t.equal(storage.received.length, 1);
    t.ok(outcome.frozenMs < PATIENCE_MS, `${outcome.frozenMs} ms`);
  },
);

loopTest('storage that accepts and says nothing ends at our deadline, and there is no snapshot', async (t, rig) => {
  const mounted = [await rig.make('ext4')];
  const { outcome } = await run(t, rig, mounted, { from: 'onlyGuest', storage: () => 'hang', deadlineMs: DEADLINE_MS });
  t.match(outcome, { consistency: 'none', faults: [{ phase: 'take' }] });
  t.ok(outcome.frozenMs < PATIENCE_MS, `${outcome.frozenMs} ms`);
  t.equal(
    outcome.timeline.filter(({ step }) => step === 'freeze').length,
    1,
    'one freeze, and not another for nothing',
  );
  t.notMatch(JSON.stringify(outcome), /sig=none/);
  for (const { mountPoint } of mounted) t.ok(await isWritable(mountPoint));
});
