import { UserError } from '../errors.ts';
import { accountOf, noSuchAccount } from '../system/account.ts';
import { PATH_STYLE } from '../system/paths.ts';
import { realPathsOf } from '../system/real-path.ts';
import type { System } from '../system/system.ts';
import { type Distrust, distrust } from '../system/trust.ts';
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
 * what somebody left beside his file (a journal to be rolled back) is not for root to act upon, and one of root's is
 * opened only where nobody else can put anything beside it. On Windows nobody becomes another user without his password,
 * so that goes for every file.
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
    /** All of them, and not only the first. */
    let complete = false;
    let folders: readonly string[] = [];

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
        const { seen, missing } = await look(system, files);
        return {
          version: process.versions.sqlite ?? '',
          blocks: 'writes',
          how: 'BEGIN IMMEDIATE',
          missing,
          stale: [],
          folders: foldersOf(system, seen),
        };
      },
      async hold(signal) {
        const { seen, missing: all } = await look(system, files);
        const [missing] = all;
        if (missing !== undefined) throw new UserError('quiescer.missing', missing.what, { remedy: missing.remedy });
        folders = foldersOf(system, seen);
        for (const { file, uid } of seen) {
          const client = await open(parts, system.resolve(file), uid);
          clients.push(client);
          await query(client, `PRAGMA busy_timeout = ${parts.lockWaitMs}`, signal);
          await query(client, 'BEGIN IMMEDIATE', signal);
          held.push({ file, client, version: await queryValue(client, DATA_VERSION, signal) });
        }
        complete = true;
      },
      async verify(signal) {
        if (!complete) throw new Error('it was not held');
        for (const { file, client, version } of held) {
          const now = await queryValue(client, DATA_VERSION, signal);
          if (now !== version) throw new Error(`${file} was written to meanwhile`);
        }
      },
      async release() {
        complete = false;
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
  const account = system.platform === 'windows' ? undefined : await accountOf(system, uid);
  if (account === undefined && system.platform === 'linux') throw noSuchAccount(String(uid));
  const argv = [...self, 'sqlite-session', file];
  return openClient(system, { argv, self, env: { NODE_NO_WARNINGS: '1' }, account, lifeMs });
}

interface Seen {
  /** Without a link in it. */
  readonly file: string;
  /** Whose it is, and who opens it: looked at once, since what is looked at again may be another one. */
  readonly uid: number;
}

/** Where they are, and not where they are named: a link lies on another file system. */
const foldersOf = ({ platform }: System, seen: readonly Seen[]): readonly string[] => [
  ...new Set(seen.map(({ file }) => PATH_STYLE[platform].dirname(file))),
];

/** Each once, however often it is named: nobody begins a second transaction beside his own. */
async function look(
  system: System,
  files: readonly string[],
): Promise<{ readonly seen: readonly Seen[]; readonly missing: readonly Shortcoming[] }> {
  const remedy = 'Name the files of the databases in its section: files = PATH, PATH …';
  const seen: Seen[] = [];
  const missing: Shortcoming[] = files.length === 0 ? [{ what: 'no file is named', remedy }] : [];
  for (const file of await realPathsOf(system, files)) {
    const { kind, uid } = (await system.stat(file)) ?? {};
    // To open one that is not there would make it.
    if (kind !== 'file' || uid === undefined) missing.push({ what: `${file} is no file`, remedy });
    else {
      // Node says of every file of Windows that it is 0's.
      const unsafe = uid === 0 && system.live ? await distrust(system, file) : undefined;
      if (unsafe === undefined) seen.push({ file, uid });
      else missing.push(mustNotOpen(system, file, unsafe));
    }
  }
  return { seen, missing };
}

const mustNotOpen = ({ platform }: System, file: string, { what, remedy }: Distrust): Shortcoming =>
  platform === 'linux'
    ? { what: `root must not open its file ${file}: ${what}`, remedy }
    : {
        what: `administrators must not open its file ${file}: ${what}`,
        remedy: `If its application runs as LocalSystem: ${remedy}. Else have it stopped or held by [scripts] pre and post.`,
      };
