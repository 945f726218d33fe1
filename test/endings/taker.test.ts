/** Commands that take the snapshot, good and bad, and people who lose patience with them. */
import { loopTest, type Mounted, type Rig } from '../system/loop.ts';
import {
  allEnded,
  isFrozen,
  isWritable,
  monotonicMs,
  notExpedited,
  startProbe,
  until,
} from '../system/loop-observe.ts';
import { mounts, points } from '../system/loop-outcome.ts';

/** A command that notes each line of its input, and the end of it, in `taker.log`; `body` runs when it is frozen. */
function taker(rig: Rig, body: string): string {
  const log = 'export OF=$FOLDER; log() { echo "$1" >>$FOLDER/taker.log; }';
  const rest = 'while read -r line; do log "$line"; done\nlog EOF';
  return rig.put('opt/taker', `#!/bin/sh\n${log}\nread -r line || log nothing\nlog "$line"\n${body}\n${rest}\n`, 0o700);
}

const logged = (rig: Rig): readonly string[] => rig.read('taker.log').split('\n').slice(0, -1);

const OK = `echo '{"ok":true,"snapshot":"snap-7"}'`;

loopTest('a command is told when it is frozen, and what it was worth', async (t, rig) => {
  const mounted = await rig.make('ext4');
  const command = taker(rig, `[ -e ${mounted.mountPoint}/probe ] && log late\necho talk\n${OK}`);
  const { code, json } = await rig.cli.run('snapshot', ...mounts(mounted), '--', command);
  t.match({ code, json }, { code: 0, json: { consistency: 'file-system', snapshot: 'snap-7', faults: [] } });
  const [frozen, thawed, end, ...more] = logged(rig);
  t.strictSame(JSON.parse(frozen ?? ''), { event: 'frozen' });
  t.match(JSON.parse(thawed ?? ''), { event: 'thawed', outcome: { consistency: 'file-system', snapshot: 'snap-7' } });
  t.strictSame([end, more], ['EOF', []]);
});

/** Each is a snapshot that was not taken: everything is let go, and nobody is told otherwise. */
const FAILURES = {
  'says that it took none': { body: `echo '{"ok":false,"error":"quota"}'`, message: /quota/ },
  'ends without an answer': { body: 'echo oops; exit 3', message: /exit code 3.*oops/ },
  dies: { body: 'kill -9 $$', message: /SIGKILL/ },
  'closes its output': { body: 'exec >/dev/null 2>&1; exit 0', message: /exit code 0/ },
  'answers nonsense': { body: `echo '{"ok":"yes"}'; echo '[]'; echo '{'; exit 0`, message: /without an answer/ },
} as const;

loopTest('a command that takes no snapshot', async (t, rig) => {
  const mounted = await rig.make('ext4');
  for (const [title, { body, message }] of Object.entries(FAILURES)) {
    const { code, json } = await rig.cli.run('snapshot', ...mounts(mounted), '--', taker(rig, body));
    t.match({ code, json }, { code: 1, json: { consistency: 'none', frozen: points(mounted) } }, title);
    t.match(json.faults, [{ phase: 'take', during: 'take', message }]);
    t.equal(json.faults.length, 1);
    t.notOk('snapshot' in json);
    t.ok(json.frozenMs < 30_000, 'it was not waited for');
    t.ok(await isWritable(mounted.mountPoint));
  }
  const missing = await rig.cli.run('snapshot', ...mounts(mounted), '--', '/nowhere/taker');
  t.match(missing, { code: 1, json: { error: { code: 'taker.not-started', message: /ENOENT/ } } });
  const none = await rig.cli.run('snapshot', ...mounts(mounted));
  t.match(none, { code: 1, json: { error: { code: 'snapshot.no-taker' } } });
  t.equal((await rig.cli.history()).length, Object.keys(FAILURES).length, 'a refusal is no run');
});

loopTest('a command that floods', async (t, rig) => {
  const mounted = await rig.make('ext4');
  const flood = `head -c 30000000 /dev/zero | tr '\\0' x; yes talk | head -c 10000000; echo; ${OK}`;
  const { code, json } = await rig.cli.run('snapshot', ...mounts(mounted), '--', taker(rig, flood));
  t.match({ code, json }, { code: 0, json: { snapshot: 'snap-7', consistency: 'file-system' } });
  t.ok(await isWritable(mounted.mountPoint));
});

loopTest('a command that never ends is given up at the deadline', async (t, rig) => {
  const mounted = await rig.make('ext4');
  rig.configure('[snapshot]\nfrozen-deadline = 700ms\n');
  const command = taker(rig, 'trap "" TERM\nyes >&2 &\nwhile :; do sleep 600 || exit; done');
  const run = rig.cli.start(['snapshot', '--json', ...mounts(mounted), '--', command]);
  t.ok(await until(() => logged(rig).length > 0));
  // It is given ten seconds to see its end through, and two more, before it is killed.
  t.notOk(await isFrozen(mounted.mountPoint, 10_000), 'thawed at the deadline, before it was ended');
  const { code, json } = await run.ended;
  t.match({ code, json }, { code: 1, json: { consistency: 'none', frozen: points(mounted) } });
  t.ok(json.frozenMs >= 690 && json.frozenMs < 10_000, `${json.frozenMs} ms`);
  t.match(json.faults[0], { phase: 'take', message: /700 ms/ });
  t.ok(await notExpedited());
});

for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  loopTest(`${name} while frozen lets go at once`, async (t, rig) => {
    const mounted = await rig.make('ext4');
    const run = rig.cli.start(['snapshot', '--json', ...mounts(mounted), '--', taker(rig, '')]);
    t.ok(await until(() => logged(rig).length > 0), 'it is being taken');
    t.ok(await isFrozen(mounted.mountPoint));
    const probe = await startProbe(mounted.mountPoint);
    const askedAtMs = monotonicMs();
    run.signal(name);
    // Where both wait at once, Linux runs the handler of the second one first: whichever is named, it lets go.
    run.signal('SIGTERM');
    const wroteAtMs = await probe.wroteWithin(20_000);
    t.ok(wroteAtMs, `long before the deadline: ${Math.round((wroteAtMs ?? 0) - askedAtMs)} ms`);
    const { code, json } = await run.ended;
    t.match({ code, json }, { code: 1, json: { consistency: 'none', reason: 'no snapshot was taken' } });
    t.match(json.faults, [{ phase: 'take', during: 'take', message: new RegExp(`^ended by (${name}|SIGTERM)$`) }]);
    t.equal(json.faults.length, 1, 'letting go went well');
    t.match(logged(rig).slice(1), [/"thawed".*"none"/, 'EOF'], 'the command is told');
    t.strictSame(await rig.cli.history(), [json]);
    t.ok(await notExpedited());
  });
}

loopTest('a hold that lasts too long ends by itself', async (t, rig) => {
  const all: readonly Mounted[] = [await rig.make('ext4'), await rig.make('btrfs')];
  t.equal((await rig.cli.run('hold', '--for', '5s', ...mounts(...all))).code, 0);
  const probes = await Promise.all(all.map(({ mountPoint }) => startProbe(mountPoint)));
  for (const probe of probes) t.ok(await probe.wroteWithin(20_000), 'thawed at the deadline');
  t.ok(await allEnded(rig.root), 'and nobody holds any more');
  t.ok(await notExpedited());
  const released = await rig.cli.run('release');
  t.match(released, { code: 1, json: { error: { code: 'hold.none', message: /ended by itself/ } } });
  const [outcome, ...more] = await rig.cli.history();
  t.strictSame(more, []);
  t.match(outcome, { kind: 'hold', consistency: 'none', frozen: points(...all) });
  t.match(outcome?.faults[0], { phase: 'take', message: /5 s|5000 ms/ });
});
