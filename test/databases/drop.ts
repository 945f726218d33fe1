import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '../system/loop.ts';
import type { Engine, Places } from './engine.ts';
import { AS } from './engine.ts';
import { clientTo } from './engine-mariadb.ts';
import { psqlTo } from './engine-postgresql.ts';
import { redisAt } from './engine-redis.ts';

/** What an administrator would do to a session that he does not know. */
export async function drop({ kind }: Engine, places: Places): Promise<void> {
  const drops: Readonly<Record<string, () => Promise<unknown>>> = {
    postgresql: () =>
      must(
        'setpriv',
        ...AS('postgres').slice(1),
        ...psqlTo(places),
        '-c',
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quiesced'",
      ),
    mariadb: async () => {
      const sql = (statement: string) => must(clientTo(places)[0] ?? '', ...clientTo(places).slice(1), '-e', statement);
      // The one that has no database of ours.
      const ids = (await sql("SELECT ID FROM information_schema.PROCESSLIST WHERE DB IS NULL AND USER = 'root'"))
        .trim()
        .split('\n');
      for (const id of ids) await sql(`KILL ${id}`);
    },
    redis: async () => {
      const connection = await redisAt(places);
      // Both in one go: a pause that is renewed between them would hold the row back.
      const unpaused = connection.send(['CLIENT', 'UNPAUSE'], AbortSignal.timeout(60_000)).catch(() => undefined);
      // It is written when the file system is thawed, which is before anybody looks.
      connection.send(['RPUSH', 'numbered', '2'], AbortSignal.timeout(60_000)).finally(() => connection.close());
      // A server that writes a log of its commands answers neither before that.
      await Promise.race([unpaused, sleep(2000)]);
    },
    sqlite: async () => killHolders(),
  };
  await drops[kind]?.();
}

/** The session of the quiescer is marked by its feeder, as ours are, but is nobody's child of this test. */
function killHolders(): void {
  const mine = new Set(descendants(process.pid));
  for (const pid of pids()) {
    if (!mine.has(pid) && commandOf(pid).includes('sqlite-session')) process.kill(pid, 'SIGKILL');
  }
}

const pids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
const commandOf = (pid: number): string => textOf(`/proc/${pid}/cmdline`);
const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0);

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function descendants(root: number): readonly number[] {
  const all = pids().map((pid) => ({ pid, parent: parentOf(pid) }));
  const found = [root];
  for (const pid of found) found.push(...all.filter(({ parent }) => parent === pid).map((each) => each.pid));
  return found;
}
