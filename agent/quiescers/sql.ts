import { randomUUID } from 'node:crypto';
import type { HeldClient } from './client.ts';

/**
 * What a statement answers, by rows and columns, from a client that prints bare rows with tabs between columns and
 * ends at the first error. Where the answer is over is said by a row of our own, asked for behind it.
 */
export async function query(
  client: HeldClient,
  statement: string,
  signal: AbortSignal,
): Promise<readonly (readonly string[])[]> {
  const end = randomUUID();
  const lines = await client.ask([`${statement};`, `SELECT '${end}';`], (line) => line === end, signal);
  return lines.slice(0, -1).map((line) => line.split('\t'));
}

/** The first column of the first row; empty when there is none. */
export const queryValue = async (client: HeldClient, statement: string, signal: AbortSignal): Promise<string> =>
  (await query(client, statement, signal))[0]?.[0] ?? '';
