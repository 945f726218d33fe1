/** What the commands do when a daemon does it for them. */
import { request } from 'node:http';
import { daemonTest, endpointIn, LOG, startDaemon, TAKER, withScripts } from './daemon-rig.ts';
import { loopTest, type Mounted, type Rig } from './loop.ts';
import { isFrozen, isWritable, nobodyHolds, pidOf, processesOf, until } from './loop-observe.ts';
import { mounts, points } from './loop-outcome.ts';

/** What differs from run to run: of these it counts that they are there. */
const OWN = /^(id|startedAt|startedMonotonicMs|tookMs|frozenMs|since|until|pid|timeline|warnings|left)$/;
const comparable = (json: unknown): unknown =>
  JSON.parse(
    JSON.stringify(json, (key, value) => (OWN.test(key) ? typeof value : value)).replace(/ of 20[^,]*Z,/g, ''),
  );

/** Every command that a daemon does, one after the other. */
async function everyCommand(rig: Rig, mounted: Mounted) {
  const told: unknown[] = [];
  const run = async (...args: readonly string[]) => {
    const { code, json } = await rig.cli.run(...args);
    told.push([args[0], code, comparable(json)]);
    if (args[0] !== 'hold' && args[0] !== 'freeze') await nobodyHolds(rig.root);
  };
  await run('hold', ...mounts(mounted));
  told.push(await isFrozen(mounted.mountPoint));
  await run('release');
  told.push(await isWritable(mounted.mountPoint));
  await run('release');
  await run('freeze', ...mounts(mounted), '--for', '20s');
  await run('thaw');
  await run('rehearse', '--yes', ...mounts(mounted));
  await run('snapshot', ...mounts(mounted), '--', ...TAKER);
  await run('history');
  return told;
}

loopTest('with a daemon every command says and does the same as without', async (t, rig) => {
  const mounted = await rig.make('ext4');
  withScripts(rig);
  const [daemonless, scripts] = [await everyCommand(rig, mounted), rig.read('scripts.log')];
  // A history of its own.
  rig.put('var/lib/quiesced/history.jsonl', '');
  const daemon = await startDaemon(t, rig);
  const asked = await everyCommand(rig, mounted);
  for (const [at, told] of asked.entries()) {
    t.strictSame(told, daemonless[at], JSON.stringify(told).slice(0, 60));
  }
  t.equal(rig.read('scripts.log'), scripts + scripts);
  t.equal((await daemon.end()).code, 0);
  t.match(rig.read(LOG), /event=run-ended/);
});

daemonTest(
  'a hold outlives its client; meanwhile all is refused but status and release',
  async (t, { rig, daemon, mounted }) => {
    t.equal((await rig.cli.run('hold', ...mounts(mounted))).code, 0);
    const ours = processesOf(rig.root).map(({ argv }) => argv.at(-1));
    t.strictSame(ours.sort(), ['daemon', 'guard'], 'nobody else is needed');
    t.ok(await isFrozen(mounted.mountPoint));

    const beganMs = performance.now();
    const held = await daemon.status();
    t.match(held, {
      daemon: { pid: daemon.pid, onDemand: false },
      run: { kind: 'hold', state: 'held', pid: daemon.pid },
    });
    for (const [method, path, body] of [
      ['GET', '/v1/health'],
      ['GET', '/v1/history'],
      ['POST', '/v1/checks', '{}'],
      ['POST', '/v1/snapshots', '{}'],
      ['POST', '/v1/holds', '{"kind":"freeze"}'],
      ['POST', '/v1/holds', '{'.repeat(1000)],
    ] as const) {
      const { status, text } = await exchange(endpointIn(rig), method, path, body);
      t.equal(status, body?.startsWith('{{') ? 400 : 409, `${method} ${path}`);
      if (status === 409)
        t.match(JSON.parse(text), { error: { code: 'lock.busy', message: /quiesced hold \(process/ } });
    }
    const tookMs = performance.now() - beganMs;
    t.ok(tookMs < 20_000, `answered long before the deadline: after ${Math.round(tookMs)} ms`);

    const refused = await rig.cli.run('snapshot', ...mounts(mounted), '--', ...TAKER);
    t.match(refused, { code: 1, json: { error: { code: 'lock.busy', message: /quiesced hold/, remedy: /--wait/ } } });
    const status = await rig.cli.run('status');
    t.match(status.json, { daemon: { pid: daemon.pid }, run: { kind: 'hold' }, frozen: points(mounted) });

    const patient = rig.cli.start(['snapshot', '--json', '--wait', '50s', ...mounts(mounted), '--', ...TAKER]);
    const interrupted = rig.cli.start(['snapshot', '--json', '--wait', '50s', ...mounts(mounted), '--', ...TAKER]);
    await until(() => processesOf(rig.root).length >= 4);
    // Nothing can be seen from outside of its being refused again and again; before that a signal just ends it.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    interrupted.signal('SIGINT');
    t.match(await interrupted.ended, { code: 1 });
    t.match(
      (await daemon.status()).run,
      { kind: 'hold', state: 'held' },
      "Ctrl-C is no release of somebody else's hold",
    );

    t.match(await rig.cli.run('release'), { code: 0, json: { kind: 'hold', consistency: 'file-system' } });
    t.match(
      await patient.ended,
      { code: 0, json: { kind: 'snapshot', snapshot: 'one' } },
      'whoever waited has his turn',
    );
  },
);

function exchange(socketPath: string, method: string, path: string, body?: string) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const call = request({ socketPath, method, path }, (response) => {
    let text = '';
    response.on('data', (chunk) => {
      text += chunk;
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
  });
  call.on('error', reject).end(body);
  return promise;
}

loopTest('a hold that was begun without the daemon keeps its socket, and the daemon waits', async (t, rig) => {
  const mounted = await rig.make('ext4');
  t.equal((await rig.cli.run('hold', ...mounts(mounted))).code, 0);
  const keeper = pidOf(rig.root, 'keep-hold');
  const daemon = await startDaemon(t, rig, 'at once');
  t.ok(await until(() => rig.read(LOG).includes('waiting for a run')));
  const { run, daemon: none } = await daemon.status();
  t.match(run, { pid: keeper, state: 'held' });
  t.equal(none, undefined, 'it is the holder that answers');
  t.match(await rig.cli.run('release'), { code: 0, json: { kind: 'hold' } });
  t.ok(await until(async () => (await daemon.status().catch(() => undefined))?.daemon !== undefined), 'its turn');
  t.equal((await daemon.end()).code, 0);
});

loopTest('a wrong configuration is told to whoever asks, and mended without a restart', async (t, rig) => {
  const mounted = await rig.make('ext4');
  rig.configure('[snapshot]\nfrozen-deadline = 60s\n[freeze]\nexpedited = no\n');
  const daemon = await startDaemon(t, rig);
  t.match(rig.read(LOG), /error going on with the defaults: .*quiesced.conf:4: /);
  const hold = { kind: 'hold', mounts: points(mounted) };
  const wrong = { code: 'config.invalid', message: /quiesced\.conf:4: .*expedited/, remedy: /expedite/ };
  await t.rejects(daemon.ask('hold', hold), wrong);
  await t.rejects(daemon.ask('snapshot', { rehearsal: true }), wrong);

  rig.configure('[snapshot]\nfrozen-deadline = 30s\n');
  t.match(await daemon.ask('hold', hold), { state: 'held' });
  const { since = '', until: end = '' } = (await daemon.status()).run ?? {};
  t.equal(Date.parse(end) - Date.parse(since), 30_000, 'as it is now');
  t.match(await daemon.ask('release'), { consistency: 'file-system' });
  const tooLong = { code: 'hold.too-long', message: /30s at most, which is \[snapshot\] frozen-deadline/ };
  await t.rejects(daemon.ask('hold', { ...hold, deadlineMs: 30_001 }), tooLong);

  const second = await rig.cli.run('daemon');
  t.match(second, { code: 1, json: { error: { code: 'control.in-use', remedy: /quiesced status/ } } });
  t.match(await daemon.status(), { daemon: { pid: daemon.pid } }, 'the first one goes on');
  t.equal((await daemon.end()).code, 0);
});
