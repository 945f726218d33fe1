import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/**
 * A client of SQLite such as other databases bring along: executes each line of its input, prints bare rows with tabs
 * between columns, and throws at the first error. What it has locked is free again when it ends.
 */
export async function runSqliteSession(file: string, input: Readable, print: (text: string) => void): Promise<void> {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(file);
  try {
    for await (const line of createInterface({ input })) {
      if (line.trim() === '') continue;
      const rows = database.prepare(line).all();
      print(rows.map((row) => `${Object.values(row).join('\t')}\n`).join(''));
    }
  } finally {
    database.close();
  }
}
