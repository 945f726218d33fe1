import { must } from '../system/loop.ts';
import { AS, type Engine, type Places } from './engine.ts';
import { clientTo } from './engine-mariadb.ts';
import { psqlTo } from './engine-postgresql.ts';

const psql = (places: Places, statement: string) =>
  must('setpriv', ...AS('postgres').slice(1), ...psqlTo(places), '-c', statement);
const mariadb = (places: Places, statement: string) =>
  must(clientTo(places)[0] ?? '', ...clientTo(places).slice(1), '-e', statement);

/** What the owner has set himself, and must find so: clients of ours may write all the same. */
export async function plantSwitches({ kind }: Engine, places: Places): Promise<void> {
  if (kind === 'mariadb') await mariadb(places, 'SET GLOBAL read_only = 1');
}

/** What is still as a backup leaves it; empty when nothing is. */
export async function leftHeld({ kind }: Engine, places: Places): Promise<readonly string[]> {
  const found: string[] = [];
  if (kind === 'postgresql') {
    const sessions = await psql(places, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'quiesced'");
    if (sessions.trim() !== '0') found.push('a session that holds it');
  }
  if (kind === 'mariadb') {
    if ((await mariadb(places, 'SELECT @@read_only')).trim() !== '1') found.push('read_only is not as it was');
  }
  return found;
}
