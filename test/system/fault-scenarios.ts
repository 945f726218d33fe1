import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Bench, CONFIG, DEADLINE_MS, type Run, takeScript } from './fault-bench.ts';
import { must } from './loop.ts';
import { mounts } from './loop-outcome.ts';

export type Process = 'daemon' | 'guard';

/** A way through the program, on which fault points lie. */
export interface Scenario {
  readonly name:
    | 'snapshot'
    | 'hold'
    | 'script hangs'
    | 'deadline passes'
    | 'application'
    | 'guard died'
    | 'daemon died'
    | 'application left'
    | 'recovery';
  /** Who is killed when the take has begun, in the cases that need it to get anywhere. */
  readonly dies?: Process;
  prepare(bench: Bench): Promise<void>;
  start(bench: Bench, env: Readonly<Record<string, string>>): Run;
  /** What the next start is. */
  nextStart(bench: Bench): Run;
}

const nothing = async (): Promise<void> => undefined;
const snapshot = (bench: Bench, env: Readonly<Record<string, string>>): Run =>
  bench.start(['snapshot', '--json', ...mounts(...bench.mounted), '--', join(bench.root, 'opt/take')], bench.env(env));
const thaw = (bench: Bench): Run => bench.start(['thaw', '--json'], bench.env());

const APPLICATION = join(import.meta.dirname, '../fixtures/fault-application.ts');
const points = ({ mounted }: Bench): readonly string[] => mounted.map(({ mountPoint }) => mountPoint);
const application = (bench: Bench, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run =>
  bench.start(args, bench.env({ ...env, QUIESCED_TEST_FOLDER: bench.folder }), APPLICATION);

const GUARD = `for child in $(cat /proc/$PPID/task/$PPID/children); do
  if grep -qzx guard /proc/$child/cmdline; then guard=$child; fi
done`;
/** By the copy itself, which the daemon has started: whoever watched from outside might come when it is over. */
const KILL: Readonly<Record<Process | 'both', string>> = {
  guard: `${GUARD}\nkill -KILL $guard`,
  daemon: 'kill -KILL $PPID',
  // Stopped first: neither may see the other's end.
  both: `${GUARD}\nkill -STOP $PPID $guard\nkill -KILL $PPID $guard`,
};
const putTake = (bench: Bench, kills: keyof typeof KILL): void => bench.put('opt/take', takeScript(KILL[kills]), 0o700);

/** Each point belongs to the first of them that comes by it. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'snapshot', prepare: nothing, start: snapshot, nextStart: thaw },
  {
    name: 'hold',
    prepare: nothing,
    start(bench, env) {
      const request = { kind: 'hold', mounts: points(bench), deadlineMs: DEADLINE_MS };
      return bench.start(['keep-hold', '--json', '--', JSON.stringify(request)], bench.env(env));
    },
    nextStart: thaw,
  },
  {
    name: 'script hangs',
    async prepare(bench) {
      bench.put('opt/pre', '#!/bin/sh\necho pre >>$FOLDER/scripts.log\nexec sleep 60\n', 0o700);
      bench.put('etc/quiesced/quiesced.conf', `${CONFIG}timeout = 3s\n`, 0o600);
    },
    start: snapshot,
    nextStart: thaw,
  },
  {
    name: 'deadline passes',
    async prepare(bench) {
      bench.put('opt/take', '#!/bin/sh\nread -r line\n: >$FOLDER/take.begin\nwhile read -r line; do :; done\n', 0o700);
    },
    start: snapshot,
    nextStart: thaw,
  },
  {
    name: 'application',
    prepare: nothing,
    start: (bench, env) => application(bench, ['run', ...points(bench)], env),
    nextStart: (bench) => application(bench, ['thaw']),
  },
  {
    name: 'guard died',
    prepare: async (bench) => putTake(bench, 'guard'),
    start: snapshot,
    dies: 'guard',
    nextStart: thaw,
  },
  {
    name: 'recovery',
    prepare: plantDeadRun,
    start: (bench, env) => bench.start(['thaw', '--json'], bench.env(env)),
    nextStart: thaw,
  },
  {
    name: 'daemon died',
    prepare: async (bench) => putTake(bench, 'daemon'),
    start: snapshot,
    dies: 'daemon',
    nextStart: thaw,
  },
  {
    name: 'application left',
    prepare: nothing,
    start: (bench, env) => application(bench, ['run', ...points(bench)], { ...env, QUIESCED_TEST_DIES: '1' }),
    dies: 'daemon',
    nextStart: (bench) => application(bench, ['thaw']),
  },
];

const RECORDS = ['root/run/quiesced/journal/freeze.jsonl', 'root/var/lib/quiesced/owed.json'] as const;
const records = new Map<Bench, readonly string[]>();

/** As it is after both were killed at the same moment, while frozen, with a pre script that had not ended. */
async function plantDeadRun(bench: Bench): Promise<void> {
  const texts = records.get(bench) ?? (await recordsOfDeadRun(bench));
  records.set(bench, texts);
  for (const [index, path] of RECORDS.entries()) {
    const file = join(bench.folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, texts[index] ?? '');
    chmodSync(file, 0o600);
  }
  writeFileSync(join(bench.folder, 'scripts.log'), 'pre \n');
  writeFileSync(bench.expedited, '1\n');
  for (const { mountPoint } of bench.mounted) await must('fsfreeze', '--freeze', mountPoint);
}

async function recordsOfDeadRun(bench: Bench): Promise<readonly string[]> {
  putTake(bench, 'both');
  await snapshot(bench, {}).ended;
  const [freeze = '', owed = ''] = RECORDS.map((path) => bench.read(path));
  await thaw(bench).ended;
  bench.reset();
  const parsed = JSON.parse(owed);
  parsed.runs[0].phases.prepare[0].mark = '00000000-0000-4000-8000-000000000000';
  return [freeze, JSON.stringify(parsed)];
}
