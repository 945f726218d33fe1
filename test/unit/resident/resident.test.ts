import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { endpointOf } from '../../../agent/control/endpoint.ts';
import type { ControlStatus } from '../../../agent/control/protocol.ts';
import { UserError } from '../../../agent/errors.ts';
import { reside } from '../../../agent/resident/resident.ts';
import type { Outcome } from '../../../agent/snapshot/outcome.ts';
import { NO_RECORD, readRecord, writeRecord } from '../../../agent/system/change-record.ts';
import { silenceOf } from '../../../agent/system/waits.ts';
import { rigOf } from './rig.ts';

/** Waits until it is ready and answers. */
async function served(rig: Awaited<ReturnType<typeof rigOf>>): Promise<ControlStatus> {
  for (;;) {
    const status = rig.said.includes('ready: ready') ? await rig.ask<ControlStatus>('status') : undefined;
    if (status !== undefined) return status;
    await sleep(10);
  }
}

t.test('settles what is owed, says that it is ready, answers, and ends when it is told to', async (t) => {
  const rig = await rigOf(t);
  const ended = rig.start();
  const { daemon, run } = await served(rig);
  t.match(daemon, { pid: process.pid, version: '1.2.3', onDemand: false, next: { readiness: /^20/ } });
  t.equal(run, undefined);
  t.match(rig.logged[0], /warn {2}still owed: \/data hangs/);
  t.strictSame(rig.said, ['ready: ready']);
  t.match(await rig.ask('health'), { schema: 1, exitCode: 3, summary: /^UNKNOWN/ });
  t.match(await rig.ask('history'), { schema: 1, outcomes: [] });
  await t.rejects(rig.ask('release'), { code: 'hold.none' });
  rig.end();
  await ended;
  t.strictSame(rig.said, ['ready: ready', 'stopping: ending']);
  t.match(rig.logged.at(-1), /ended +why="ended by SIGTERM"/);
  t.equal(await rig.ask('status'), undefined, 'the socket is gone');
});

t.test('one run at a time, and it answers while that lasts', async (t) => {
  const rig = await rigOf(t);
  rig.start();
  await served(rig);
  const taking = rig.ask<Outcome>('snapshot', {});
  while ((await rig.ask<ControlStatus>('status'))?.run === undefined) await sleep(5);
  for (const [route, body] of [
    ['hold', { kind: 'hold' }],
    ['snapshot', { rehearsal: true }],
    ['check', {}],
    ['health', undefined],
    ['history', undefined],
  ] as const) {
    await t.rejects(rig.ask(route, body), { code: 'lock.busy', message: /quiesced snapshot/ }, route);
  }
  rig.finish();
  t.match(await taking, { consistency: 'none' });
  t.match(await rig.ask('hold', { kind: 'hold' }), { state: 'held' });
  t.match((await rig.ask<ControlStatus>('status'))?.run, { kind: 'hold' }, 'it lasts beyond its answer');
  t.match(await rig.ask('release'), { reason: 'given up' });
  t.strictSame(rig.asked, ['snapshot', 'hold']);
});

t.test('checks by schedule are given up for a run: they would open, start and judge what is frozen', async (t) => {
  const mark = join(t.testdir(), 'pid');
  const rig = await rigOf(t, {
    settleMs: 0,
    self: ['/bin/sh', '-c', `echo $$ >${mark}.new; mv ${mark}.new ${mark}; exec sleep 300`],
  });
  rig.start();
  await served(rig);
  while (!existsSync(mark)) await sleep(10);
  const pid = Number(readFileSync(mark, 'utf8'));
  t.match(await rig.ask('hold', { kind: 'hold' }), { state: 'held' });
  let gone = false;
  for (let tries = 0; !gone && tries < 3000; tries += 1) {
    await sleep(10);
    gone = !existsSync(`/proc/${pid}`);
  }
  t.ok(gone, 'the process of the checks');
  t.notMatch(rig.logged.join('\n'), /readiness by schedule failed/, 'but are made up later');
  await rig.ask('release');
});

t.test('told to end while something is held: it lets go, tells whoever waits, and then ends', async (t) => {
  // Longer than replies get that are under way at the end.
  const rig = await rigOf(t, {}, 1500);
  const ended = rig.start();
  await served(rig);
  const taking = rig.ask<Outcome>('snapshot', {});
  while ((await rig.ask<ControlStatus>('status'))?.run === undefined) await sleep(5);
  rig.end();
  t.match(await taking, { reason: 'given up' });
  await ended;
  t.match(rig.said.at(-1), 'stopping: letting go of what is held');
});

t.test('waits for a run that is no run of ours, and takes no socket from it', async (t) => {
  const rig = await rigOf(t);
  rig.locked = true;
  rig.start();
  while (rig.said.length === 0) await sleep(10);
  t.strictSame(
    rig.said,
    ['ready: waiting for a run that was begun without the daemon'],
    'nobody waits for it to start',
  );
  t.equal(await rig.ask('status'), undefined);
  rig.locked = false;
  t.match(await served(rig), { daemon: { pid: process.pid } });
});

t.test('post scripts that are owed may take longer than a service manager waits for a start', async (t) => {
  const rig = await rigOf(t, { startingMs: 50 });
  const agent = await rig.parts.loadInAnyCase();
  const { recoverUnlessBusy } = agent;
  const scripts = Promise.withResolvers<void>();
  Object.assign(agent, {
    recoverUnlessBusy: async (...how: Parameters<typeof recoverUnlessBusy>) => {
      await scripts.promise;
      return recoverUnlessBusy(...how);
    },
  });
  rig.start();
  for (let tries = 0; rig.said.length === 0 && tries < 500; tries += 1) await sleep(10);
  t.strictSame(rig.said, ['ready: running what a dead run owes']);
  t.equal(await rig.ask('status'), undefined, 'nobody is served before');
  scripts.resolve();
  await served(rig);
  t.strictSame(rig.said, ['ready: running what a dead run owes', 'ready: ready']);
});

t.test('told to end while it waits', async (t) => {
  const rig = await rigOf(t);
  rig.locked = true;
  const ended = rig.start();
  while (rig.said.length === 0) await sleep(10);
  const limit = silenceOf(800);
  rig.end();
  await ended;
  t.notOk(limit.aborted, 'at once');
});

t.test('two daemons: the second says so and goes', async (t) => {
  const rig = await rigOf(t);
  const endpoint = endpointOf(rig.parts.system);
  mkdirSync(dirname(endpoint), { recursive: true });
  const other = createServer().listen(endpoint);
  t.teardown(() => void other.close());
  await t.rejects(rig.start(), { code: 'control.in-use' });
});

t.test('a configuration that is wrong is told to whoever asks for a run, and the rest goes on', async (t) => {
  const wrong = new UserError('config.invalid', 'quiesced.conf:3: [freeze] excludes: there is no such key');
  const rig = await rigOf(t, { load: () => Promise.reject(wrong) });
  rig.start();
  await served(rig);
  for (const route of ['snapshot', 'hold'] as const) {
    await t.rejects(rig.ask(route, route === 'hold' ? { kind: 'hold' } : {}), {
      code: 'config.invalid',
      message: /:3:/,
    });
  }
  t.match(await rig.ask('status'), { daemon: { pid: process.pid }, run: undefined });
});

t.test('checks that come to nothing are an error, and make room for the next', async (t) => {
  const rig = await rigOf(t);
  rig.start();
  await served(rig);
  const broken = { code: 'check.broken', remedy: /quiesced check/ };
  await t.rejects(rig.ask('check', {}), broken);
  await t.rejects(rig.ask('check', {}), broken, 'and not: they are running already');
  await t.rejects(rig.ask('check', { onlyy: [] }), { code: 'control.bad-request', message: /did you mean "only"/ });
});

t.test('a change that was cut off is taken back at the start', async (t) => {
  for (const subject of ['proxy', 'repair']) {
    const rig = await rigOf(t);
    const { system } = rig.parts;
    const folder = `/var/lib/quiesced/${subject}`;
    const state = (text: string) => ({ kind: 'file' as const, text, mode: 0o644 });
    const step = { path: '/etc/environment', before: state('A=old\n'), after: state('A=new\n') };
    await system.makeDir('/etc', 0o755);
    await system.write('/etc/environment', 'A=new\n', { mode: 0o644 });
    await writeRecord(system, folder, { ...NO_RECORD, underWay: { pid: 1, steps: [step] } });
    rig.start();
    await served(rig);
    // Told once it is done.
    while (!rig.logged.some((line) => /cut off half-way has been taken back/.test(line))) await sleep(5);
    t.equal(await system.readText('/etc/environment'), 'A=old\n', subject);
    t.equal(await system.list(folder), undefined);
  }
});

t.test('a program that a killed repair has left is run, and does not keep the daemon from ending', async (t) => {
  const rig = await rigOf(t);
  const { system } = rig.parts;
  const asked = Promise.withResolvers<void>();
  const never = Promise.withResolvers<never>();
  const hanging = async ([program]: readonly string[]) => {
    if (program === 'dracut') asked.resolve();
    return never.promise;
  };
  await writeRecord(system, '/var/lib/quiesced/repair', { ...NO_RECORD, owed: [['dracut', '--force']] });
  const daemon = reside({ ...rig.parts, system: { ...system, run: hanging } });
  await asked.promise;
  rig.end();
  await daemon;
  t.strictSame((await readRecord(system, '/var/lib/quiesced/repair')).owed, [['dracut', '--force']], 'and stays owed');
});
