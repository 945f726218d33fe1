/** Started by systemd's socket when somebody asks, gone after a while; and what [schedule] says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import type { ControlStatus } from '../../agent/control/protocol.ts';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import { askIn, endpointIn, TAKER } from './daemon-rig.ts';
import { loopTest, type Rig } from './loop.ts';
import { isWritable, monotonicMs, processesOf, until } from './loop-observe.ts';
import { mounts, points } from './loop-outcome.ts';

const ACTIVATOR = join(import.meta.dirname, '../fixtures/socket-activator.py');
const RESIDENT = join(import.meta.dirname, '../fixtures/resident.ts');

/** Longer than it takes to ask again. */
const IDLE_MS = 3000;

/** Stands for systemd. */
interface Activator {
  /** What it did: `started`, `ended 0`. */
  readonly did: string[];
  end(): Promise<void>;
}

async function listenFor(t: Test, rig: Rig, idleMs: number): Promise<Activator> {
  mkdirSync(dirname(endpointIn(rig)), { recursive: true, mode: 0o700 });
  rmSync(endpointIn(rig), { force: true });
  const argv = [ACTIVATOR, endpointIn(rig), process.execPath, RESIDENT, String(idleMs)];
  const child: ChildProcess = spawn('/usr/bin/python3', argv, {
    env: rig.cli.env(),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const did: string[] = [];
  if (child.stdout === null) throw new Error('it has no output');
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  lines.on('line', (line: string) => did.push(line.replace(/(?<=started).*/, '')));
  return {
    did,
    async end() {
      child.stdin?.end();
      await once(child, 'exit');
    },
  };
}

loopTest('a request starts it, and it leaves when there are no more; the next one starts it again', async (t, rig) => {
  const mounted = await rig.make('ext4');
  // The checks would keep it.
  rig.configure('[snapshot]\nfrozen-deadline = 60s\n[schedule]\nreadiness = off\n');
  const { did, end } = await listenFor(t, rig, IDLE_MS);
  t.equal(processesOf(rig.root).length, 1, 'nothing of ours while nobody asks');
  const beganMs = monotonicMs();
  const { daemon } = await askIn<ControlStatus>(rig, 'status');
  t.match(daemon, { onDemand: true, next: {} });
  t.comment(`first answer after ${Math.round(monotonicMs() - beganMs)} ms`);
  t.match(await askIn(rig, 'status'), { daemon: { pid: daemon?.pid } }, 'it is there now');

  const hold = { kind: 'hold', mounts: points(mounted) };
  t.match(await askIn(rig, 'hold', hold), { state: 'held' });
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS + 1500));
  t.match(await askIn(rig, 'status'), { run: { state: 'held' } }, 'it stays as long as it holds');
  t.match(await askIn(rig, 'release'), { consistency: 'file-system' });
  t.ok(await isWritable(mounted.mountPoint));
  t.ok(await until(() => did.length === 2), 'gone');
  t.strictSame([did.splice(0), processesOf(rig.root).length], [['started', 'ended 0'], 1]);

  const taken = await rig.cli.run('snapshot', ...mounts(mounted), '--', ...TAKER);
  t.match(
    taken,
    { code: 0, json: { kind: 'snapshot', snapshot: 'one' } },
    'the socket is still there, and served again',
  );
  t.equal(did[0], 'started');
  await end();
});

loopTest('what is due is done by whatever starts it: readiness, and a rehearsal that was missed', async (t, rig) => {
  const mounted = await rig.make('ext4');
  // Nothing of the machine: a rehearsal by schedule is one of everything. Its next time is far from now, at any hour.
  const hour = (new Date().getHours() + 12) % 24;
  rig.configure(
    `[snapshot]\nfrozen-deadline = 60s\n[freeze]\nexclude = /*\n[schedule]\nrehearsal = 30 ${hour} * * *\n`,
  );
  const due = { rehearsal: new Date(Date.now() - 3_600_000).toISOString() };
  rig.put('var/lib/quiesced/schedule.json', JSON.stringify({ schema: 1, due }));
  t.match(await rig.cli.run('health'), { code: 3, json: { summary: /there is no .*status\.json yet/ } });

  const { end } = await listenFor(t, rig, IDLE_MS);
  t.match(await askIn(rig, 'status'), { daemon: { onDemand: true } });
  t.ok(
    await until(() => processesOf(rig.root).some(({ argv }) => argv.includes('check'))),
    'the checks run by themselves',
  );
  const beganMs = monotonicMs();
  t.match(await askIn(rig, 'hold', { kind: 'hold', freeze: false }), { state: 'held' });
  t.comment(`held after ${Math.round(monotonicMs() - beganMs)} ms`);
  const checking = () => processesOf(rig.root).some(({ argv }) => argv.includes('check'));
  t.ok(await until(() => !checking()), 'it is given up: it would open and start things while they are held');
  t.notOk(rig.has('root/run/quiesced/status.json'), 'and tells nothing');
  t.notOk(
    history(rig).some(({ kind }) => kind === 'rehearsal'),
    'never two at once',
  );
  t.match(schedule(rig).due, due, 'what is held is not written to');
  await askIn(rig, 'release');
  await end();

  const again = await listenFor(t, rig, IDLE_MS);
  await askIn(rig, 'status');
  t.ok(await until(() => history(rig).some(({ kind }) => kind === 'rehearsal')), 'made up for');
  t.ok(await until(() => rig.has('root/run/quiesced/status.json')), 'the checks too');
  const verdict = await rig.cli.run('health');
  t.not(verdict.code, 3, verdict.json?.summary);
  const { next = {} } = (await askIn<ControlStatus>(rig, 'status')).daemon ?? {};
  const in6h = (Date.parse(next.readiness ?? '') - Date.now()) / 3_600_000;
  t.ok(in6h > 5.3 && in6h < 6.7, `readiness in ${in6h.toFixed(2)} h`);
  const rehearsal = new Date(next.rehearsal ?? '');
  t.strictSame([rehearsal.getHours(), rehearsal.getMinutes()], [hour, 30]);
  t.ok(await until(() => schedule(rig).due.rehearsal === next.rehearsal), 'on record');
  t.ok(await isWritable(mounted.mountPoint));
  await again.end();
});

const history = (rig: Rig): readonly Outcome[] =>
  rig
    .read('root/var/lib/quiesced/history.jsonl')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const schedule = (rig: Rig): { readonly due: Readonly<Record<string, string>> } =>
  JSON.parse(rig.read('root/var/lib/quiesced/schedule.json'));
