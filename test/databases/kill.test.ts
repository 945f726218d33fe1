/**
 * kill -9 of the program and its guard at every step of a hold: the application goes on within the deadline, its own
 * switches are as they were, and the next start finds nothing that it could not settle.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { signal } from '../system/fault-processes.ts';
import type { Rig } from '../system/loop.ts';
import { monotonicMs, processesOf, until } from '../system/loop-observe.ts';
import type { Engine, Server } from './engine.ts';
import { engineTests } from './engine-tests.ts';
import { holding } from './engines.ts';
import { leftHeld, plantSwitches } from './leftovers.ts';
import { prepareStage, section } from './stage.ts';

const MAIN = join(import.meta.dirname, '../../agent/main.ts');
const DEADLINE_MS = 20_000;
const LIMIT_MS = 900_000;

/** Where the program is when it is killed; `#2` at the second pass. */
const CLIENT = [
  'client.start.after',
  'client.ask.before#2',
  'client.ask.after#4',
  'client.close.before',
  'client.close.after',
];
const POINTS = [
  'quiescer.hold.before',
  'quiescer.hold.after',
  'quiescer.verify.before',
  'quiescer.verify.after',
  'quiescer.release.before',
  'quiescer.release.after',
];
const pointsFor = ({ kind }: Engine): readonly string[] => (kind === 'redis' ? POINTS : [...POINTS, ...CLIENT]);

t.setTimeout(6 * LIMIT_MS);
engineTests(holding, LIMIT_MS, async (t, rig, engine) => {
  const { places, mounted } = await prepareStage(rig, engine);
  const snapshot = `[snapshot]\nfrozen-deadline = 10s\nquiesce-deadline = ${DEADLINE_MS}ms\n`;
  rig.configure(`${snapshot}${section(engine, places)}`);
  const server = await engine.start(places);
  let [row, longestMs] = [1, 0];
  try {
    await plantSwitches(engine, places);
    for (const point of pointsFor(engine)) {
      const only = mounted.flatMap(({ mountPoint }) => ['--mount', mountPoint]);
      const daemon = start(rig, point, ['rehearse', '--yes', ...only]);
      if (!t.ok(await until(() => rig.has('reached')), `${point} is reached`)) {
        daemon.kill('SIGKILL');
        continue;
      }
      // Stopped first: none of them is to see another's end.
      for (const name of ['SIGSTOP', 'SIGKILL'] as const) {
        for (const { pid } of processesOf(rig.root)) signal(pid, name);
      }
      const killedMs = monotonicMs();
      const goesOn = await addsWithin(server, row, DEADLINE_MS);
      longestMs = Math.max(longestMs, monotonicMs() - killedMs);
      t.ok(goesOn, `${point}: it goes on within the deadline`);
      // A session is gone when its server sees that nobody is at its other end any more.
      await until(async () => (await leftHeld(engine, places)).length === 0);
      t.strictSame(await leftHeld(engine, places), [], `${point}: nothing is left as it was held`);
      t.equal((await rig.cli.run('thaw')).code, 0, 'the next start settles the rest');
      t.strictSame((await rig.cli.run('status')).json.owed, [], 'nothing is owed');
      row += 1;
    }
  } finally {
    await server.stop();
  }
  t.comment(`the longest that a row waited after the kill: ${Math.round(longestMs)} ms`);
});

function start(rig: Rig, point: string, args: readonly string[]): ChildProcess {
  rmSync(join(rig.folder, 'reached'), { force: true });
  const fault = { QUIESCED_TEST_FAULT: `${point}=stop`, QUIESCED_TEST_FAULT_REACHED: join(rig.folder, 'reached') };
  return spawn(process.execPath, [MAIN, ...args], { env: { ...rig.cli.env(), ...fault }, cwd: '/', stdio: 'ignore' });
}

async function addsWithin(server: Server, row: number, ms: number): Promise<boolean> {
  const writer = await server.writer();
  let added = false;
  const adding = writer.add(row).then(() => {
    added = true;
  });
  await Promise.race([adding, sleep(ms)]);
  if (added) await writer.close();
  return added;
}
