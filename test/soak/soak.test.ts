/**
 * Holds and releases through the daemon, as it is installed, again and again under write load, and kills or stops it or its
 * guard in every third cycle, at a random moment: 0 to 300 ms after the trigger, or after the pre script, when the freeze is
 * at hand. Nothing may stay frozen or owed, no post script may be lost, and nothing may grow.
 *
 * QUIESCED_SOAK_CYCLES: how many (1,000; 50 where CI is set); QUIESCED_SOAK_SEED: the seed of an earlier run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { bundle } from '../../packaging/build.ts';
import { loopTest, type Mounted, type Rig } from '../system/loop.ts';
import { isWritable, notExpedited, processesOf, startWriter, until } from '../system/loop-observe.ts';
import { points } from '../system/loop-outcome.ts';
import { Resident } from './resident.ts';
import { Tally } from './tally.ts';

const CYCLES = Number(process.env.QUIESCED_SOAK_CYCLES ?? (process.env.CI ? 50 : 1000));
const SEED = Number(process.env.QUIESCED_SOAK_SEED ?? Date.now() % 1e9);
/** Of those that nobody disturbs: on no disk, however busy, is it to be the deadline that ends them. */
const LONG_MS = 60_000;
const DEADLINE_MS = 1000;
const KILLS = ['kill daemon', 'kill guard', 'kill both', 'stop daemon', 'stop guard'] as const;
type Kill = (typeof KILLS)[number];

const built = mkdtempSync(join(tmpdir(), 'quiesced-soak-'));
t.teardown(() => rmSync(built, { recursive: true, force: true }));
await bundle(built);

/** mulberry32: the same numbers from the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

loopTest(`${CYCLES} cycles, seed ${SEED}`, async (t, rig) => {
  t.comment(`QUIESCED_SOAK_CYCLES=${CYCLES} QUIESCED_SOAK_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const mounted = [await rig.make('ext4'), await rig.make('xfs')];
  configure(rig);
  for (const { mountPoint } of mounted) await startWriter(t, mountPoint);
  const resident = new Resident(rig, join(built, 'quiesced.mjs'));
  const tally = new Tally();
  await resident.start();
  try {
    for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
      if (cycle % 3 === 0) {
        const kill = KILLS[Math.floor(random() * KILLS.length)] ?? 'kill both';
        const begins = random() < 0.5 ? TRIGGER : preScriptOf(rig);
        tally.count(await disturbed(resident, mounted, kill, Math.floor(random() * 300), begins));
      } else tally.count(await undisturbed(resident, mounted, Math.floor(random() * 20)));
      const wrong = await whatIsLeft(rig, mounted);
      if (wrong.length > 0)
        t.fail(`cycle ${cycle}: ${wrong.join('; ')}`, {
          log: rig.read('root/var/log/quiesced/quiesced.log').slice(-2000),
        });
      if (cycle % 3 === 2) tally.measure(resident.figures());
    }
  } finally {
    await resident.end();
  }
  for (const line of tally.lines()) t.comment(line);
  judge(t, rig, tally);
});

/** Scripts that note their run, on what is never frozen. */
function configure(rig: Rig): void {
  rig.put('opt/pre', '#!/bin/sh\necho "pre $QUIESCED_RUN_ID" >>$FOLDER/scripts.log\n', 0o700);
  rig.put('opt/post', '#!/bin/sh\necho "post $QUIESCED_RUN_ID" >>$FOLDER/scripts.log\n', 0o700);
  rig.configure(
    `[snapshot]\nfrozen-deadline = ${LONG_MS}ms\n[scripts]\npre = /opt/pre\npost = /opt/post\n[schedule]\nreadiness = off\n`,
  );
}

/** Resolves when it is time to count from: at once, or when one more pre script has run. */
type Begins = () => Promise<unknown>;
const TRIGGER: Begins = async () => undefined;
const preScriptOf = (rig: Rig): Begins => {
  const ran = (): number => (rig.has('scripts.log') ? rig.read('scripts.log').split('pre ').length : 0);
  const before = ran();
  return () => until(() => ran() > before);
};

async function undisturbed(resident: Resident, mounted: readonly Mounted[], heldMs: number): Promise<string> {
  const held = await resident.hold(mounted, LONG_MS);
  if (held?.state !== 'held') return `undisturbed, not held: ${JSON.stringify(held)}`;
  await sleep(heldMs);
  const outcome = await resident.release();
  return `undisturbed: ${outcome?.consistency}, ${outcome?.faults?.length} faults`;
}

/** Somebody is killed or stopped `afterMs` after it `begins`. Returns what came of it, in words that can be counted. */
async function disturbed(
  resident: Resident,
  mounted: readonly Mounted[],
  kill: Kill,
  afterMs: number,
  begins: Begins,
): Promise<string> {
  const held = resident.hold(mounted, DEADLINE_MS).catch(() => undefined);
  await begins();
  await sleep(afterMs);
  const who = kill.endsWith('both') ? ['daemon', 'guard'] : [kill.split(' ')[1] ?? ''];
  const stops = kill.startsWith('stop');
  const hit = resident.signal(who, stops ? 'SIGSTOP' : 'SIGKILL');
  if (stops) {
    await sleep(DEADLINE_MS + 1000);
    const thawed = await Promise.all(mounted.map(({ mountPoint }) => isWritable(mountPoint)));
    resident.signal(who, 'SIGCONT');
    if (thawed.includes(false)) return `${kill}: STILL FROZEN after the deadline`;
  }
  if (!stops) await resident.startAgainIfDead(hit);
  await held;
  await resident.release().catch(() => undefined);
  return `${kill}: ${hit.length === who.length ? 'hit' : 'nobody there yet, or only one'}`;
}

/** Empty when everything is as it was before the cycle. */
async function whatIsLeft(rig: Rig, mounted: readonly Mounted[]): Promise<readonly string[]> {
  const left: string[] = [];
  const free = await Promise.all(mounted.map(({ mountPoint }) => isWritable(mountPoint)));
  for (const [at, point] of points(...mounted).entries()) if (!free[at]) left.push(`${point} is frozen`);
  if (!(await until(() => processesOf(rig.root).length === 1))) left.push(`${processesOf(rig.root).length} processes`);
  if (rig.has('root/run/quiesced/journal/freeze.jsonl'))
    left.push(`frozen: ${rig.read('root/run/quiesced/journal/freeze.jsonl')}`);
  if (rig.has('root/var/lib/quiesced/owed.json')) left.push(`owed: ${rig.read('root/var/lib/quiesced/owed.json')}`);
  if (!(await notExpedited())) left.push('rcu_expedited is raised');
  return left;
}

function judge(t: Test, rig: Rig, tally: Tally): void {
  const runs = rig.read('scripts.log').trim().split('\n');
  const ran = (which: string) => new Set(runs.flatMap((line) => (line.startsWith(which) ? [line.split(' ')[1]] : [])));
  const [pre, post] = [ran('pre'), ran('post')];
  t.ok(pre.size > CYCLES / 2, `${pre.size} pre scripts ran`);
  t.strictSame(
    [...pre].filter((id) => !post.has(id)),
    [],
    'no post script was lost',
  );
  const wrong = tally.named(/not held|STILL FROZEN|undisturbed: (?!application, 0 faults)/);
  t.strictSame(wrong, [], 'and all was told right');
  t.ok(
    KILLS.every((kill) => CYCLES < 100 || tally.named(new RegExp(`^${kill}: hit`)).length > 0),
    'each kill has hit',
  );
  t.strictSame(tally.grown(), [], 'nothing grows');
}
