/**
 * The hold is real: a second client cannot do what is declared as blocked, and goes on after; a session that is dropped,
 * or a server that dies, is found out and costs the level.
 */
import t from 'tap';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import type { Rig } from '../system/loop.ts';
import { nobodyHolds, until } from '../system/loop-observe.ts';
import { drop } from './drop.ts';
import { engineTests } from './engine-tests.ts';
import { engines } from './engines.ts';
import { prepareStage, type Stage, section } from './stage.ts';

/** So long nothing comes through that is held back. */
const BLOCKED_MS = 1000;
const LIMIT_MS = 600_000;

t.setTimeout(engines.length * LIMIT_MS);
engineTests(engines, LIMIT_MS, async (t, rig, engine) => {
  const stage = await prepareStage(rig, engine);
  const config = `[snapshot]\nfrozen-deadline = 60s\n${section(engine, stage.places)}`;
  rig.configure(config);
  const server = await engine.start(stage.places);
  let alive = true;
  try {
    await t.test('a second client', async (t) => {
      t.match((await rig.cli.run('hold', '--no-freeze')).code, 0, 'it is held');
      const writer = await server.writer();
      let written = false;
      const adding = writer.add(1).then(() => {
        written = true;
      });
      const isFree = engine.blocks === 'nothing';
      t.equal(await until(() => written, isFree ? undefined : BLOCKED_MS), isFree, isFree ? 'goes on' : 'is held back');
      t.strictSame(await server.rows(), written ? [1] : [], 'and reads meanwhile');
      await rig.cli.run('release');
      await adding;
      t.strictSame(await server.rows(), [1], 'goes on after the release');
      await writer.close();
    });
    await t.test('a session that is dropped', async (t) => {
      const outcome = await held(rig, stage, () => drop(engine, stage.places));
      t.match(outcome, { consistency: 'file-system', reason: 'an application was not held' });
      t.match(outcome.faults, [{ phase: 'quiesce', during: 'verify' }], 'it was found out');
      t.comment(outcome.faults[0]?.message);
    });
    if (engine.kind !== 'sqlite') {
      await t.test('a server that dies', async (t) => {
        const outcome = await held(rig, stage, async () => {
          alive = false;
          process.kill(server.pid, 'SIGKILL');
        });
        t.match(outcome, { consistency: 'file-system' });
        t.match(outcome.faults[0], { phase: 'quiesce', during: 'verify' });
        t.comment(outcome.faults[0]?.message);
      });
    }
  } finally {
    await server.stop().catch((error) => alive && Promise.reject(error));
  }
});

/** What a hold comes to, with everything frozen, when `meanwhile` happens. */
async function held(rig: Rig, { mounted }: Stage, meanwhile: () => Promise<void>): Promise<Outcome> {
  const only = mounted.flatMap(({ mountPoint }) => ['--mount', mountPoint]);
  await nobodyHolds(rig.root);
  const { code, stderr, json } = await rig.cli.run('hold', ...only);
  if (code !== 0) throw new Error(`not held: ${stderr} ${JSON.stringify(json)}`);
  await meanwhile();
  return (await rig.cli.run('release')).json;
}
