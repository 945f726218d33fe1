/**
 * The fault matrix of the taker `vss`: at each of its fault points an error, and the death of the process. Whatever it is,
 * the next command settles it: no shadow copy of ours is left that is not on record, and none of others is gone.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readHistory } from '../../agent/snapshot/history.ts';
import { Journal, readOwed } from '../../agent/snapshot/journal.ts';
import { addKept, readKept } from '../../agent/takers/vss/kept.ts';
import { guid } from '../fakes/vss.ts';
import { vssMachineIn } from '../fixtures/vss-run.ts';
import { faultPointsIn, sources } from '../system/fault-points.ts';

const PROGRAM = join(import.meta.dirname, '../fixtures/vss-run.ts');
const FOLDER = 'C:\\ProgramData\\quiesced\\run\\vss-0a1b2c3d';
const OTHERS = guid();
const LIMIT_MS = 120_000;

/** What there is before the process begins that comes by the points. */
const WAYS = {
  /** One of ours, which will be too many. */
  async snapshot(root: string) {
    await (await vssMachineIn(root)).snapshot();
  },
  /** What a run owes that died when it had just written down that its shadow copies are kept. */
  async settle(root: string) {
    const { system, vss } = await vssMachineIn(root);
    const set = guid();
    vss.sets.add(set);
    await addKept(system, { set, madeAt: '', consistency: 'application' });
    await system.makeDir(FOLDER, 0o700);
    await system.write(`${FOLDER}\\create.dsh`, 'CREATE\r\n');
    const run = { id: 'dead', kind: 'snapshot', taker: 'vss', startedAt: '2026-03-01T03:00:00.000Z' } as const;
    await (await Journal.begin(system, '', run)).owe('take', { folder: FOLDER, set });
  },
};
type Way = keyof typeof WAYS;

async function machineBefore(root: string, way: Way): Promise<void> {
  (await vssMachineIn(root)).vss.sets.add(OTHERS);
  await WAYS[way](root);
}

/** How the process ended: a code or a signal, and what it said. */
async function runs(root: string, way: Way, fault: string): Promise<{ readonly end: unknown; readonly err: string }> {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
  const armed = { QUIESCED_TEST: '1', QUIESCED_TEST_FAULT: fault, QUIESCED_TEST_FAULT_REACHED: join(root, 'reached') };
  const child = spawn(process.execPath, [PROGRAM, root, way], {
    env: { PATH, ...(NODE_COMPILE_CACHE === '' ? {} : { NODE_COMPILE_CACHE }), ...armed },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LIMIT_MS,
  });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const end = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
  return { end, err };
}

const reached = (root: string): string => readFileSync(join(root, 'reached'), 'utf8');

/** What is not as it must be after the next command, and after the next snapshot. */
async function brokenPromises(root: string): Promise<readonly string[]> {
  const { vss, system, settle, snapshot, isHeld } = await vssMachineIn(root);
  const broken: string[] = [];
  const settled = await settle();
  if (settled === undefined) return ['the lock is held'];
  broken.push(...settled.faults.map(({ message }) => `not settled: ${message}`));
  if (!vss.sets.has(OTHERS)) broken.push('a shadow copy of others is gone');
  const known = [OTHERS, ...(await readKept(system)).map(({ set }) => set)];
  broken.push(...[...vss.sets].filter((set) => !known.includes(set)).map((set) => `nobody knows of ${set}`));
  broken.push(...readdirSync(root).filter((name) => name.includes('\\vss-')));
  if ((await readOwed(system)).length > 0) broken.push('something is owed');
  if (isHeld()) broken.push('the application is held');
  const last = (await readHistory(system)).at(-1);
  if (last === undefined || last.faults.length === 0) broken.push('the history tells nothing of it');

  const next = await snapshot();
  broken.push(...next.faults.map(({ message }) => `not the next time: ${message}`));
  const mine = next.snapshot?.split(' ')[0] ?? '';
  if ([...vss.sets].join() !== `${OTHERS},${mine}`) broken.push('more than one of ours, or less');
  if ((await readKept(system)).map(({ set }) => set).join() !== mine) broken.push('the record says something else');
  return broken;
}

t.test('an error or a death at each point is settled by the next command', { timeout: 280_000 }, async (t) => {
  const roots = t.testdir({ snapshot: {}, settle: {} });
  const points: { readonly way: Way; readonly place: string }[] = [];
  for (const way of ['snapshot', 'settle'] as const) {
    const root = join(roots, way);
    await machineBefore(root, way);
    t.match(await runs(root, way, 'trace'), { end: 0, err: '' });
    const places = reached(root).match(/^vss\.\S+/gm) ?? [];
    points.push(...places.map((place) => ({ way, place })));
  }
  const passed = new Set(points.map(({ place }) => place.split('#')[0]));
  const there = sources('agent/takers/vss/*.ts').flatMap(faultPointsIn);
  t.strictSame(
    there.filter(({ name }) => !passed.has(name)),
    [],
    'every point of the sources is passed on one of the ways',
  );

  const todo = points.flatMap((point) => (['EIO', 'kill'] as const).map((action) => ({ ...point, action })));
  const tryNext = async (): Promise<void> => {
    for (let one = todo.shift(); one !== undefined; one = todo.shift()) {
      const { way, place, action } = one;
      const root = join(roots, `${way} ${place} ${action}`);
      mkdirSync(root);
      await machineBefore(root, way);
      const { end, err } = await runs(root, way, `${place}=${action}`);
      t.match(reached(root), place);
      t.equal(end, action === 'kill' ? 'SIGKILL' : 0, err);
      t.strictSame(await brokenPromises(root), [], `${way}: ${place}, ${action}`);
    }
  };
  await Promise.all([tryNext(), tryNext()]);
});
