/**
 * Pre and post scripts that do all that a script must not do, with the whole program around them. Each time: it is over
 * in time, in little memory, the post script ran exactly once, nobody is left, and the outcome says what happened.
 */
import { readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { isAlive } from '../program/scripts-rig.ts';
import { loopTest, type Mounted, type Rig } from '../system/loop.ts';
import type { CliResult } from '../system/loop-cli.ts';
import { allEnded, isWritable, until } from '../system/loop-observe.ts';
import { mounts, points } from '../system/loop-outcome.ts';

/** Before a script would be ended that somebody waits for. */
const CALM_MS = 28_000;
/** Of one that runs through with calm scripts it is about 100 MB. */
const MOST_RSS_KB = 300_000;

interface Run extends CliResult {
  /** The most memory that the program had at any time. */
  readonly peakKb: number;
  /** Each time that the post script ran, with the result that it was told. */
  readonly posts: readonly string[];
}

/** The whole flood takes seconds, and longer on a machine that has other things to do. */
const LONG = process.env.QUIESCED_LONG === '1';

const PRELUDE = '#!/bin/sh\nnote() { echo "$1" >>$FOLDER/pids; }\n';

/** One rehearsal with these scripts. `$FOLDER` is the folder of the test, `$MOUNT` what is frozen. */
async function rehearse(rig: Rig, mounted: Mounted, pre: string, post = '', timeout = '30s'): Promise<Run> {
  const place = (text: string) => text.replaceAll('$MOUNT', mounted.mountPoint);
  rig.put('opt/pre', `${PRELUDE}${place(pre)}\n`, 0o700);
  rig.put('opt/post', `${PRELUDE}echo "$QUIESCED_RESULT" >>$FOLDER/posts\n${place(post)}\n`, 0o700);
  rig.configure(
    `[snapshot]\nfrozen-deadline = 60s\n[scripts]\npre = /opt/pre\npost = /opt/post\ntimeout = ${timeout}\n`,
  );
  const before = linesOf(rig, 'posts').length;
  const run = rig.cli.start(['rehearse', '--yes', '--json', ...mounts(mounted)]);
  let peakKb = 0;
  const watch = setInterval(() => {
    peakKb = Math.max(peakKb, peakOf(run.pid));
  }, 50);
  const ended = await run.ended;
  clearInterval(watch);
  await allEnded(rig.root);
  return { ...ended, peakKb, posts: linesOf(rig, 'posts').slice(before) };
}

const linesOf = (rig: Rig, path: string): readonly string[] => rig.read(path).split('\n').slice(0, -1);
const noted = (rig: Rig): readonly number[] => linesOf(rig, 'pids').map(Number);

/** The high-water mark: proc_pid_status(5). 0 once it has gone. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** What holds whatever the scripts did. */
async function allIsWell(t: Test, rig: Rig, mounted: Mounted, run: Run, withinMs: number): Promise<void> {
  t.ok(run.tookMs < withinMs, `over after ${Math.round(run.tookMs)} ms`);
  t.ok(run.peakKb > 0 && run.peakKb < MOST_RSS_KB, `${run.peakKb} kB of memory at most`);
  t.strictSame(noted(rig).filter(isAlive), [], 'nobody is left');
  t.ok(await isWritable(mounted.mountPoint));
  t.notOk(rig.has('root/var/lib/quiesced/owed.json'), 'nothing is owed');
}

interface Scene {
  readonly pre: string;
  readonly post?: string;
  /** Of the JSON that is printed. */
  readonly outcome: object;
  readonly posts: readonly string[];
  /** Of each script. */
  readonly timeout?: string;
  readonly withinMs?: number;
}

const WELL = { wouldBe: 'application', evidence: 'script-only', faults: [] };
const failed = (message: RegExp) => ({
  wouldBe: 'file-system',
  faults: [{ phase: 'prepare', during: 'enter', message }],
});

const SCENES: Readonly<Record<string, Scene>> = {
  [`${LONG ? 'a gigabyte' : '200 MB (with QUIESCED_LONG=1 a gigabyte)'} on both outputs`]: {
    pre: `head -c ${LONG ? 700 : 140}000000 /dev/zero; head -c ${LONG ? 324 : 60}000000 /dev/zero >&2`,
    outcome: WELL,
    posts: ['success'],
    timeout: '100s',
    withinMs: 110_000,
  },
  'both delete themselves': { pre: 'rm -- "$0"', post: 'rm -- "$0"', outcome: WELL, posts: ['success'] },
  'bytes that are no text, and then a failure': {
    pre: `head -c 100000 /dev/urandom; printf '\\033[2J\\0\\377\\r'; exit 3`,
    outcome: failed(/exit code 3/),
    posts: ['success'],
  },
  'it closes all that it was given': {
    pre: 'exec <&- >&- 2>&-; sleep 0.2',
    post: 'exec >&- 2>&-',
    outcome: WELL,
    posts: ['success'],
  },
  'deaf, and with daemons in sessions of their own': {
    pre: `trap '' TERM HUP; note $$
setsid sh -c 'trap "" TERM; echo $$ >>$FOLDER/pids; sleep 60; sleep 60' &
( ( setsid sh -c 'echo $$ >>$FOLDER/pids; exec sleep 60' & ) )
sleep 60; sleep 60`,
    outcome: failed(/killed after 5 s/),
    timeout: '5s',
    posts: ['success'],
    withinMs: 50_000,
  },
  'its post script hangs': {
    pre: ':',
    post: `trap '' TERM; note $$; sleep 60; sleep 60`,
    outcome: { wouldBe: 'application', faults: [{ phase: 'prepare', during: 'leave', message: /killed after 5 s/ }] },
    timeout: '5s',
    posts: ['success'],
    withinMs: 50_000,
  },
};

loopTest('scripts that do what no script should', async (t, rig) => {
  const mounted = await rig.make('ext4');
  for (const [title, { pre, post, outcome, posts, timeout, withinMs = CALM_MS }] of Object.entries(SCENES)) {
    await t.test(title, async (t) => {
      const run = await rehearse(rig, mounted, pre, post, timeout);
      t.match(run.json, { kind: 'rehearsal', frozen: points(mounted), ...outcome });
      t.equal(
        run.json?.faults?.length,
        (outcome as { faults: readonly unknown[] }).faults.length,
        'and no other fault',
      );
      t.notMatch(run.stdout, /[^\P{Cc}\n]/u, 'what is printed steers no terminal');
      t.strictSame(run.posts, posts, 'the post script ran exactly once');
      await allIsWell(t, rig, mounted, run, withinMs);
    });
  }
});

loopTest('a post script that its pre script opened to everybody is not run', async (t, rig) => {
  const mounted = await rig.make('ext4');
  const run = await rehearse(rig, mounted, `chmod 0777 ${rig.root}/opt/post`);
  const fault = { phase: 'prepare', during: 'leave', message: /post is writable by group and others/ };
  t.match(run.json, { frozen: points(mounted), faults: [fault] });
  t.strictSame(run.posts, []);
  await allIsWell(t, rig, mounted, run, CALM_MS);
});

loopTest('somebody whom a script left in the frozen file system waits, and nobody waits for him', async (t, rig) => {
  const mounted = await rig.make('ext4');
  const writer = '(cd $MOUNT; while :; do echo x >>written; sleep 0.02; done) >/dev/null 2>&1 & note $!';
  const run = await rehearse(rig, mounted, `cd $MOUNT\n${writer}`, 'cd $MOUNT; echo post >after');
  const [pid = 0] = noted(rig);
  t.ok(isAlive(pid), 'a child that outlives its script is left alone');
  process.kill(pid, 'SIGKILL');
  t.ok(await until(() => !isAlive(pid)));
  t.match(run.json, { ...WELL, frozen: points(mounted) });
  t.strictSame(run.posts, ['success']);
  t.equal(readFileSync(`${mounted.mountPoint}/after`, 'utf8'), 'post\n', 'the post script came after the thaw');
  await allIsWell(t, rig, mounted, run, CALM_MS);
});

loopTest('a script that kills the process which runs it', async (t, rig) => {
  const mounted = await rig.make('ext4');
  const run = await rehearse(rig, mounted, 'note $$; kill -9 $PPID; sleep 30');
  t.equal(run.code, null, 'it is dead');
  t.ok(await until(() => linesOf(rig, 'posts').length > 0));
  t.strictSame(linesOf(rig, 'posts'), ['interrupted'], 'what was owed is done in its place, once');
  t.match(await rig.cli.history(), [{ kind: 'rehearsal', consistency: 'none', frozen: [], reason: /died/ }]);
  t.ok(await until(() => !noted(rig).some(isAlive)), 'the script was ended before');
  await allIsWell(t, rig, mounted, run, CALM_MS);
});
