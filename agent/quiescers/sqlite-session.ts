import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { UserError } from '../errors.ts';
import { readableLink, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';

/**
 * A client of SQLite such as other databases bring along: executes each line of its input, prints bare rows with tabs
 * between columns, and throws at the first error. What it has locked is free again when it ends.
 *
 * @param file its real path; throws `sqlite.exchanged` when that leads elsewhere now, or to what is not our user's.
 */
export async function runSqliteSession(
  system: System,
  file: string,
  input: Readable,
  print: (text: string) => void,
): Promise<void> {
  const { DatabaseSync } = await import('node:sqlite');
  const url = pathToFileURL(file);
  // What is not there any more must not be made anew.
  url.search = 'mode=rw';
  const database = new DatabaseSync(url);
  try {
    await mustBeAsSeen(system, file);
    for await (const line of createInterface({ input })) {
      if (line.trim() === '') continue;
      const rows = database.prepare(line).all();
      print(rows.map((row) => `${Object.values(row).join('\t')}\n`).join(''));
    }
  } finally {
    database.close();
  }
}

/**
 * Between the look at a file and the opening of it, whoever may write to its folder can put a link to another one in
 * its place. Nothing is read before the first statement, and nothing that lies beside the file is acted upon: so to
 * look at what was opened is soon enough. On Windows files are opened only where nobody but administrators writes.
 */
async function mustBeAsSeen(system: System, file: string): Promise<void> {
  if (system.platform === 'windows') return;
  for (const fd of await readableList(system, OPEN)) {
    const here = `${OPEN}/${fd}`;
    if ((await readableLink(system, here)) !== file) continue;
    if ((await system.stat(here))?.uid === process.geteuid?.()) return;
  }
  throw new UserError('sqlite.exchanged', `${file} was exchanged for another file while it was opened`, {
    remedy: `See who may write to its folder, and name the file by its real path: ls -la ${file}`,
  });
}

const OPEN = '/proc/self/fd';
