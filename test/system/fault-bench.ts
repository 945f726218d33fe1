import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import { type Observer, startObserver } from './fault-observer.ts';
import type { Mounted, Rig } from './loop.ts';
import { EXPEDITED, monotonicMs } from './loop-observe.ts';

/** Of the freeze in every case. */
export const DEADLINE_MS = 1000;

/** Two file systems, their observer and a private root, for one case after the other. */
export interface Bench {
  readonly folder: string;
  readonly root: string;
  readonly mounted: readonly Mounted[];
  readonly observer: Observer;
  env(more?: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  start(args: readonly string[], env: Readonly<Record<string, string>>, main?: string): Run;
  /** Takes back what a case left in the root. */
  reset(): void;
  /** Writes a file of the root, in which `$FOLDER` stands for the folder. */
  put(path: string, text: string, mode: number): void;
  /** Text of a file below the folder; empty where there is none. */
  read(path: string): string;
  has(path: string): boolean;
  /** Its stand-in for `rcu_expedited`. */
  readonly expedited: string;
  /** When a file below the folder was made, on the monotonic clock; undefined where there is none. */
  madeAtMs(path: string): number | undefined;
  history(): readonly Outcome[];
}

export interface Run {
  readonly pid: number;
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  stdout(): string;
  stderr(): string;
}

/** The copy takes a tenth of a second, and says when by files of its own. `first` is what happens as soon as it has begun. */
export const takeScript = (first = ':'): string => `#!/bin/sh
read -r line || exit 1
: >$FOLDER/take.begin
${first}
sleep 0.1
: >$FOLDER/take.end
echo '{"ok":true,"snapshot":"copy"}'
while read -r line; do :; done
`;
const script = (stage: string): string => `#!/bin/sh\necho "${stage} $QUIESCED_RESULT" >>$FOLDER/scripts.log\n`;
export const CONFIG = `[snapshot]
frozen-deadline = ${DEADLINE_MS}ms
[scripts]
pre = /opt/pre
post = /opt/post
`;
/** Where these folders are, the lock of Microsoft's extensions is taken, and a timer of systemd's is asked for. */
const FOLDERS = ['etc/azure/MicrosoftRecoverySvcsSafeFreezeLock', 'run/systemd/system'];

export async function createBench(t: Test, rig: Rig, name: string, main: string): Promise<Bench> {
  const folder = join(rig.folder, name);
  const root = join(folder, 'root');
  const expedited = join(folder, 'expedited');
  mkdirSync(root, { recursive: true, mode: 0o755 });
  const put = (path: string, text: string, mode: number) => {
    mkdirSync(dirname(join(root, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(root, path), text.replaceAll('$FOLDER', folder), { mode });
  };
  const mounted = [await rig.make('ext4'), await rig.make('xfs')];
  const observer = await startObserver(
    t,
    mounted.map(({ mountPoint }) => mountPoint),
  );
  const bench: Bench = {
    folder,
    root,
    mounted,
    observer,
    expedited,
    put,
    env: (more = {}) => ({
      ...rig.cli.env(),
      QUIESCED_TEST_ROOT: root,
      QUIESCED_TEST_DEVICES: mounted.map(({ id }) => id).join(','),
      ...more,
    }),
    start: (args, env, instead = main) => start([expedited, process.execPath, instead, ...args], env),
    reset() {
      for (const path of ['root/run', 'root/var', 'scripts.log', 'take.begin', 'take.end', 'reached', 'held']) {
        rmSync(join(folder, path), { recursive: true, force: true });
      }
      writeFileSync(expedited, '0\n');
      put('opt/pre', script('pre'), 0o700);
      put('opt/post', script('post'), 0o700);
      put('opt/take', takeScript(), 0o700);
      put('etc/quiesced/quiesced.conf', CONFIG, 0o600);
      for (const path of FOLDERS) mkdirSync(join(root, path), { recursive: true, mode: 0o755 });
    },
    read: (path) => (bench.has(path) ? readFileSync(join(folder, path), 'utf8') : ''),
    has: (path) => existsSync(join(folder, path)),
    madeAtMs(path) {
      if (!bench.has(path)) return undefined;
      return statSync(join(folder, path)).mtimeMs - filesAheadMs();
    },
    history: () =>
      bench
        .read('root/var/lib/quiesced/history.jsonl')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Outcome),
  };
  bench.reset();
  return bench;
}

/** By how much the clock of files is ahead of the monotonic one: both read at the same moment, with nobody in between. */
function filesAheadMs(): number {
  for (;;) {
    const [beforeMs, nowMs, afterMs] = [monotonicMs(), Date.now(), monotonicMs()];
    if (afterMs - beforeMs < 1) return nowMs - beforeMs;
  }
}

/**
 * With a switch of its own in place of `/sys/kernel/rcu_expedited`, in a mount namespace: the real one is the whole
 * machine's, and who finds it raised by another case leaves it alone.
 */
const OWN_SWITCH = `mount --bind "$0" ${EXPEDITED} || exit 1; exec "$@"`;
const UNSHARE = ['--mount', '--propagation', 'slave', '--', '/bin/sh', '-c', OWN_SWITCH];

function start(argv: readonly string[], env: Readonly<Record<string, string>>): Run {
  const child = spawn('unshare', [...UNSHARE, ...argv], { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk;
    });
  }
  let over = false;
  const ended = new Promise<void>((resolve) => {
    // Not 'close': whom it left behind may have the same standard error.
    child.on('exit', () =>
      setImmediate(() => {
        over = true;
        resolve();
      }),
    );
  });
  return {
    pid: child.pid ?? -1,
    ended,
    hasEnded: () => over,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
  };
}
