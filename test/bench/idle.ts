/**
 * `npm run bench:idle [-- --quick]`: what it costs to have us on a machine that nobody backs up at the moment. The
 * daemon as the package ships it, both ways of installing, beside other agents that wait.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FILES, PROGRAM } from '../../packaging/files.ts';
import { ROOT } from '../../packaging/repository.ts';
import { TARGETS } from '../../packaging/target.ts';
import { receiverAt } from '../unit/system/datagrams.ts';
import { must } from './command.ts';
import { type Footprint, footprints } from './footprint.ts';
import { onDemand } from './idle-demand.ts';
import { idleOthers } from './idle-others.ts';

/** The daemon settles for 20 s, and then has its first check made. */
const FIRST_CHECK_MS = 120_000;
const AFTER_IT_MS = 10_000;

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const overMs = values.quick ? 20_000 : 120_000;
const folder = mkdtempSync(join(tmpdir(), 'quiesced-idle-'));
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
const later = { teardown: (last: () => unknown) => void ends.unshift(last) };
const say = (text: string): void => void process.stdout.write(`${text}\n`);

try {
  await main();
} finally {
  for (const end of ends) await end();
}

async function main(): Promise<void> {
  const argv = await ship();
  say(`Linux ${release()}, ${cpus().length} CPUs, Node ${process.version}, over ${overMs / 1000} s\n`);
  const own = await startResident(argv);
  const others = await idleOthers(folder, later, say);
  await sleep(AFTER_IT_MS);
  const all = [{ title: '**quiesced**, resident', pid: own }, ...others];
  const measured = await footprints(
    all.map(({ pid }) => pid),
    overMs,
  );
  say('| who waits | RSS, MB | PSS, MB | anonymous, MB | threads | wake-ups a minute |\n|---|--:|--:|--:|--:|--:|');
  for (const [at, { title }] of all.entries()) say(row(title, measured[at]));
  const demand = await onDemand(argv, envIn('demand'), later, values.quick ? 3 : 9);
  say('| **quiesced**, on demand, while nobody asks | 0 | 0 | 0 | 0 | 0 |\n');
  say(`On demand: first answer ${demand.firstMs.median.toFixed(0)} ms after the request`);
  say(
    `(${demand.firstMs.min.toFixed(0)} … ${demand.firstMs.max.toFixed(0)}, ${demand.rounds} starts), the next one after`,
  );
  say(`${demand.nextMs.toFixed(1)} ms; gone ${(demand.goneMs / 1000).toFixed(0)} s after the last.`);
}

function row(title: string, { rssMB, pssMB, anonymousMB, threads, wakeUpsAMinute }: Footprint = NOTHING): string {
  const sizes = [rssMB, pssMB, anonymousMB].map((size) => size.toFixed(1));
  return `| ${[title, ...sizes, threads, wakeUpsAMinute.toFixed(1)].join(' | ')} |`;
}

const NOTHING: Footprint = { rssMB: 0, pssMB: 0, anonymousMB: 0, threads: 0, wakeUpsAMinute: 0 };

/** Lays the program out as the package does, and gives the command line of its unit. */
async function ship(): Promise<readonly string[]> {
  const place = join(folder, 'program');
  for (const { path, from } of FILES.filter((each) => each.path === PROGRAM || each.path.startsWith(`${PROGRAM}/`))) {
    if ('make' in from) await from.make(path.replace(PROGRAM, place), TARGETS.amd64);
  }
  await forgetCache(place);
  const unit = readFileSync(join(ROOT, 'systemd/quiesced.service'), 'utf8');
  const [, command = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  return command.replaceAll(PROGRAM, place).split(' ');
}

/**
 * As after a boot. What was just written lies in the page cache in large pieces, and of one that is touched all of it
 * counts as ours: 30 MB more.
 */
async function forgetCache(place: string): Promise<void> {
  await must(['sync', '-f', place]);
  await must(['find', place, '-type', 'f', '-exec', 'dd', 'if={}', 'iflag=nocache', 'count=0', 'status=none', ';']);
}

function envIn(name: string): Record<string, string> {
  const root = join(folder, name);
  mkdirSync(join(root, 'etc/quiesced'), { recursive: true });
  return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', QUIESCED_TEST: '1', QUIESCED_TEST_ROOT: root };
}

/** With the watchdog of the unit; its process id, once the first check is behind it. */
async function startResident([file = '', ...args]: readonly string[]): Promise<number> {
  const env = envIn('resident');
  const socket = join(folder, 'notify');
  await receiverAt(later, socket);
  const service = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '180000000' };
  const child: ChildProcess = spawn(file, args, { env: { ...env, ...service }, cwd: '/', stdio: 'ignore' });
  later.teardown(async () => {
    if (child.exitCode !== null) return;
    child.kill();
    await once(child, 'exit');
  });
  const status = join(env.QUIESCED_TEST_ROOT ?? '', 'run/quiesced/status.json');
  for (let waitedMs = 0; !existsSync(status); waitedMs += 500) {
    if (waitedMs > FIRST_CHECK_MS || child.exitCode !== null) throw new Error('the daemon has not checked anything');
    await sleep(500);
  }
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  return child.pid;
}
