/** Whoever dies, stops or is told to end while the daemon holds: in time everything is let go, and it is told. */
import type { Test } from 'tap';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import {
  type Daemon,
  daemonTest,
  endpointIn,
  LOG,
  type Scene,
  SLOW_PRE,
  startDaemon,
  TAKER,
  withScripts,
} from '../system/daemon-rig.ts';
import { loopTest, type Rig } from '../system/loop.ts';
import { isFrozen, isWritable, monotonicMs, pidOf, startProbe, until } from '../system/loop-observe.ts';
import { mounts, points } from '../system/loop-outcome.ts';

const historyOf = async (daemon: Daemon): Promise<readonly Outcome[]> =>
  (await daemon.ask<{ outcomes: readonly Outcome[] }>('history')).outcomes;

const entered = (rig: Rig) => until(() => rig.read('scripts.log') === 'pre\n');
const left = (rig: Rig, result: string) => until(() => rig.read('scripts.log') === `pre\npost ${result}\n`);

for (const command of ['hold', 'snapshot'] as const) {
  daemonTest(
    `Ctrl-C of ${command} while a slow script runs: given up, and told`,
    async (t, { rig, daemon, mounted }) => {
      withScripts(rig, { pre: SLOW_PRE });
      const taker = command === 'snapshot' ? ['--', ...TAKER] : [];
      const client = rig.cli.start([command, '--json', ...mounts(mounted), ...taker]);
      t.ok(await entered(rig));
      t.match((await daemon.status()).run, { kind: command, state: 'entering' });
      const beganMs = monotonicMs();
      client.signal('SIGINT');
      const { code, json } = await client.ended;
      t.ok(monotonicMs() - beganMs < 20_000, 'long before the script would have ended, or been ended');
      t.equal(code, 1);
      t.match(json, { kind: command, consistency: 'none', frozen: [] });
      t.match(JSON.stringify(json.faults), 'given up: it was told to let go');
      t.equal(rig.read('scripts.log'), 'pre\npost failed\n');
      t.equal((await daemon.status()).run, undefined);
    },
  );
}

daemonTest('a client that is killed while its snapshot is entering: given up, all is let go', async (t, scene) => {
  const { rig, daemon, mounted } = scene;
  withScripts(rig, { pre: SLOW_PRE });
  const client = rig.cli.start(['snapshot', ...mounts(mounted), '--', ...TAKER]);
  t.ok(await entered(rig));
  client.signal('SIGKILL');
  t.ok(await left(rig, 'failed'));
  t.ok(await until(async () => (await daemon.status()).run === undefined), 'room for the next');
  const [outcome] = await historyOf(daemon);
  t.match(outcome, { kind: 'snapshot', consistency: 'none', frozen: [] });
  t.match(JSON.stringify(outcome?.faults), 'whoever asked for it is gone');
});

daemonTest('thaw by the records, while the daemon is stopped', async (t, { rig, daemon, mounted }) => {
  withScripts(rig);
  await daemon.ask('hold', { kind: 'hold', mounts: points(mounted) });
  daemon.signal('SIGSTOP');
  t.ok(await isFrozen(mounted.mountPoint));
  const thawed = await rig.cli.run('thaw', '--by-records');
  t.match(thawed, { code: 0, json: { thawed: points(mounted), faults: [] } });
  t.ok(await isWritable(mounted.mountPoint));
  t.equal(rig.read('scripts.log'), 'pre\n', 'the rest is for the living');
  daemon.signal('SIGCONT');
  t.match(await daemon.ask('release'), { kind: 'hold', consistency: 'crash' }, 'it was writable too early');
  t.match(rig.read('scripts.log'), /^pre\npost \w+\n$/);
});

/** Holds by a client that goes away, and does something to the daemon: it is thawed long before a deadline of a minute. */
async function thawedAfter(t: Test, { daemon, mounted }: Scene, signal: NodeJS.Signals): Promise<void> {
  await daemon.ask('hold', { kind: 'hold', mounts: points(mounted) });
  t.ok(await isFrozen(mounted.mountPoint));
  const probe = await startProbe(mounted.mountPoint);
  const beganMs = monotonicMs();
  daemon.signal(signal);
  const wroteMs = await probe.wroteWithin(20_000);
  t.ok(wroteMs, `thawed after ${Math.round((wroteMs ?? Number.POSITIVE_INFINITY) - beganMs)} ms`);
}

/** The daemon does not come to its end by itself. */
function endingTest(title: string, body: (t: Test, scene: Scene) => Promise<void>): void {
  loopTest(title, async (t, rig) => {
    const mounted = await rig.make('ext4');
    await body(t, { rig, mounted, daemon: await startDaemon(t, rig) });
  });
}

endingTest('the daemon is told to end while it holds: thawed at once, left in order, told', async (t, scene) => {
  const { rig, daemon, mounted } = scene;
  withScripts(rig);
  await thawedAfter(t, scene, 'SIGTERM');
  t.equal((await daemon.ended).code, 0);
  t.equal(rig.read('scripts.log'), 'pre\npost failed\n');
  t.notOk(rig.has('root/var/lib/quiesced/owed.json'), 'nothing is owed');
  t.notOk(rig.has(endpointIn(rig).slice(rig.folder.length)), 'its socket is gone');
  const [outcome] = await rig.cli.history();
  t.match(outcome, { kind: 'hold', frozen: points(mounted), consistency: 'none' });
  t.match(JSON.stringify(outcome?.faults), 'ended by SIGTERM');
  t.match(rig.read(LOG), /ended +why="ended by SIGTERM"/);
});

endingTest(
  'the daemon is killed while it holds: the guard thaws and recovers, the next one owes nothing',
  async (t, scene) => {
    const { rig, mounted } = scene;
    withScripts(rig);
    await thawedAfter(t, scene, 'SIGKILL');
    t.ok(await left(rig, 'interrupted'), 'the post script ran');
    const next = await startDaemon(t, rig);
    t.match(await historyOf(next), [{ kind: 'hold', consistency: 'none', reason: /died/ }]);
    t.notMatch(rig.read(LOG), 'still owed');
    t.match(await next.ask('hold', { kind: 'hold', mounts: points(mounted) }), { state: 'held', faults: [] });
    t.match(await next.ask('release'), { consistency: 'application' });
    t.equal((await next.end()).code, 0);
  },
);

endingTest('the daemon is stopped while it holds: the deadline thaws', async (t, scene) => {
  const { rig, daemon, mounted } = scene;
  withScripts(rig, { deadlineMs: 5000 });
  await thawedAfter(t, scene, 'SIGSTOP');
  t.ok(pidOf(rig.root, 'guard') > 0, 'by the guard');
  daemon.signal('SIGCONT');
  t.ok(await left(rig, 'failed'));
  t.ok(await until(async () => (await daemon.status()).run === undefined));
  t.match(await historyOf(daemon), [{ kind: 'hold', frozen: points(mounted), consistency: 'none' }]);
  t.equal((await daemon.end()).code, 0);
});
