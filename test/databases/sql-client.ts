import { openClient } from '../../agent/quiescers/client.ts';
import { query } from '../../agent/quiescers/sql.ts';
import { accountOf } from '../../agent/system/account.ts';
import { localSystem } from '../../agent/system/local.ts';
import type { Writer } from './engine.ts';

const LIFE_MS = 3_600_000;
const NO_LIMIT = new AbortController().signal;

/** Another program's session, by the same means as ours. */
export async function sqlClient(argv: readonly string[], user: string) {
  const system = localSystem();
  const account = await accountOf(system, user);
  const client = await openClient(system, { argv, self: [], account, lifeMs: LIFE_MS });
  return {
    ask: (statement: string, signal: AbortSignal = NO_LIMIT) => query(client, statement, signal),
    close: () => client.close(),
  };
}

export type SqlClient = Awaited<ReturnType<typeof sqlClient>>;

export const sqlWriter = (client: SqlClient): Writer => ({
  add: async (row) => {
    await client.ask(`INSERT INTO numbered (n) VALUES (${row})`);
  },
  close: client.close,
});

export const numbersOf = (rows: readonly (readonly string[])[]): readonly number[] => rows.map(([n]) => Number(n));
