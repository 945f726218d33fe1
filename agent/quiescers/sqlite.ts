import { dirname } from 'node:path';
import { UserError } from '../errors.ts';
import { accountOf, noSuchAccount } from '../system/account.ts';
import { realPathsOf } from '../system/real-path.ts';
import { type HeldClient, openClient } from './client.ts';
import { defineKind, type QuiescerParts } from './kind.ts';
import type { ConfiguredQuiescer, Shortcoming } from './quiescer.ts';
import { query, queryValue } from './sql.ts';

const KEYS = {
  files: {
    type: 'list',
    of: 'path',
    example: '/var/lib/grafana/grafana.db, /srv/app/app.db',
    about: 'The databases, by their absolute paths.',
  },
} as const;

interface Held {
  readonly file: string;
  readonly client: HeldClient;
  readonly version: string;
}

/**
 * SQLite has no server to ask: whoever has begun a write transaction is the only one who writes, and readers go on
 * (https://www.sqlite.org/lang_transaction.html). Each file is opened by a process of ours that is the file's owner:
 * what somebody left beside his file (a journal to be rolled back) is not for root to act upon.
 */
export const sqlite = defineKind({
  id: 'sqlite',
  title: 'SQLite',
  serves: [],
  keys: KEYS,
  create(parts, { files }) {
    const { system, id, title, holdMs, onFailure } = parts;
    const clients: HeldClient[] = [];
    const held: Held[] = [];
    let folders: readonly string[] = [];
    const foldersNow = () =>
      realPathsOf(
        system,
        files.map((file) => dirname(file)),
      );

    const quiescer: ConfiguredQuiescer = {
      id,
      title,
      kind: 'sqlite',
      holdMs,
      get folders() {
        return folders;
      },
      ...(onFailure === undefined ? {} : { onFailure }),
      pick: () => undefined,
      async detect() {
        const missing = await missingIn(parts, files);
        return {
          version: process.versions.sqlite ?? '',
          blocks: 'writes',
          how: 'BEGIN IMMEDIATE',
          missing,
          stale: [],
          folders: await foldersNow(),
        };
      },
      async hold(signal) {
        const [missing] = await missingIn(parts, files);
        if (missing !== undefined) throw new UserError('quiescer.missing', missing.what, { remedy: missing.remedy });
        folders = await foldersNow();
        for (const file of files) {
          const client = await open(parts, system.resolve(file), (await system.stat(file))?.uid ?? 0);
          clients.push(client);
          await query(client, `PRAGMA busy_timeout = ${parts.lockWaitMs}`, signal);
          await query(client, 'BEGIN IMMEDIATE', signal);
          held.push({ file, client, version: await queryValue(client, DATA_VERSION, signal) });
        }
      },
      async verify(signal) {
        if (held.length < files.length || held.length === 0) throw new Error('it was not held');
        for (const { file, client, version } of held) {
          const now = await queryValue(client, DATA_VERSION, signal);
          if (now !== version) throw new Error(`${file} was written to meanwhile`);
        }
      },
      async release() {
        held.length = 0;
        await Promise.all(clients.splice(0).map((client) => client.close()));
      },
    };
    return quiescer;
  },
});

/** Another number as soon as anybody else has changed the file: https://www.sqlite.org/pragma.html#pragma_data_version. */
const DATA_VERSION = 'PRAGMA data_version';

async function open({ system, self, lifeMs }: QuiescerParts, file: string, uid: number): Promise<HeldClient> {
  const account = await accountOf(system, uid);
  if (account === undefined) throw noSuchAccount(String(uid));
  const argv = [...self, 'sqlite-session', file];
  return openClient(system, { argv, env: { NODE_NO_WARNINGS: '1' }, account, lifeMs });
}

async function missingIn({ system }: QuiescerParts, files: readonly string[]): Promise<readonly Shortcoming[]> {
  const remedy = 'Name the files of the databases in its section: files = PATH, PATH …';
  if (files.length === 0) return [{ what: 'no file is named', remedy }];
  const kinds = await Promise.all(files.map(async (file) => ({ file, kind: (await system.stat(file))?.kind })));
  // To open one that is not there would make it.
  return kinds.flatMap(({ file, kind }) => (kind === 'file' ? [] : [{ what: `${file} is no file`, remedy }]));
}
