import { kindOf } from '../quiescers/configured.ts';
import { runningDatabases } from '../system/databases.ts';
import { PATHS } from '../system/paths.ts';
import { readableText } from '../system/readable.ts';
import { realPathsOf } from '../system/real-path.ts';
import type { Platform, System } from '../system/system.ts';
import { isAtWork } from './apps-record.ts';
import { NOT_LIVE, SCRIPTS_ANYWHERE } from './apps-scripts.ts';
import { type Check, fail, info, pass, type Result, skip, warn } from './check.ts';
import { type DatabasesHere, gatherDatabases, unfrozenFolders, unshadowedFolders } from './databases.ts';
import { PG_EXCLUSIVE } from './limits.ts';
import { gatherScripts } from './scripts.ts';

/** Each application is given ten seconds to answer. */
const DATABASE_CHECK = { ...SCRIPTS_ANYWHERE, timeoutMs: 15_000 } as const;
const SOURCE = 'quiesced: docs/quiescers.md';

const databasesAreHeld: Check = {
  ...DATABASE_CHECK,
  id: 'app.db-detect',
  title: 'Every database that runs here would be held',
  source: SOURCE,
  async run(system, { evidence }) {
    return system.live ? judgeDetected(await evidence(gatherDatabases), system.platform) : skip(NOT_LIVE);
  },
};

export function judgeDetected(
  { databases, preScripts }: Pick<DatabasesHere, 'databases' | 'preScripts'>,
  platform: Platform,
): Result {
  const unheld = databases.filter(({ heldBy }) => heldBy === undefined);
  const names = [...new Set(unheld.map(({ title }) => title))].join(', ');
  if (unheld.length === 0)
    return pass(databases.length === 0 ? 'no database is known to run' : 'each has its quiescer');
  if (preScripts.length > 0) return pass(`${names}: for the pre scripts to hold (${preScripts.join(', ')})`);
  const lines = unheld.flatMap(({ add }) => add ?? []);
  if (lines.length === 0) {
    return warn(
      `${names}: cannot be held from outside its container`,
      'Have a pre script hold it, within the container.',
    );
  }
  return warn(
    `${names}: nothing holds ${unheld.length === 1 ? 'it' : 'them'}, so a copy is what a crash would leave`,
    `Add to the configuration, ${PATHS[platform].configFile}:\n${lines.map((line) => `$ ${line}`).join('\n')}`,
  );
}

const databasesCanBeHeld: Check = {
  ...DATABASE_CHECK,
  id: 'app.db-connect',
  title: 'What is to be held can be reached, and may be held',
  source: SOURCE,
  async run(system, { evidence }) {
    return system.live ? judgeConnections(await evidence(gatherDatabases)) : skip(NOT_LIVE);
  },
};

export function judgeConnections({ quiescers, configFault }: Pick<DatabasesHere, 'quiescers' | 'configFault'>): Result {
  if (configFault !== undefined)
    return fail(configFault, 'Look at every setting, and at what is wrong:\n$ quiesced config');
  const faults = quiescers.flatMap(({ title, detected, error }) =>
    error === undefined
      ? (detected?.missing ?? []).map(({ what, remedy }) => ({ what: `${title}: ${what}`, remedy }))
      : [{ what: `${title}: ${error.message}`, remedy: error.remedy ?? 'See what it is asked:\n$ quiesced quiescers' }],
  );
  if (faults.length > 0)
    return fail(faults.map(({ what }) => what).join('; '), faults.map(({ remedy }) => remedy).join('\n'));
  return pass(quiescers.length === 0 ? 'none is configured' : quiescers.map(({ title }) => title).join(', '));
}

const databasesAreFrozen: Check = {
  ...DATABASE_CHECK,
  id: 'app.db-datadir',
  title: 'The data of what is held lie on file systems that are frozen',
  source: SOURCE,
  dependsOn: ['app.db-connect'],
  async run(system, { evidence }) {
    if (!system.live) return skip(NOT_LIVE);
    const { quiescers } = await evidence(gatherDatabases);
    const { config } = await evidence(gatherScripts);
    const folders = await realPathsOf(
      system,
      quiescers.flatMap(({ detected }) => detected?.folders ?? []),
    );
    if (folders.length === 0) return pass('nothing is held');
    return system.platform === 'windows'
      ? judgeShadowed(folders, await unshadowedFolders(system, folders, config))
      : judgeFrozen(folders, await unfrozenFolders(system, folders, config.freeze.exclude));
  },
};

const judgeFrozen = (folders: readonly string[], unfrozen: readonly string[]): Result =>
  unfrozen.length === 0
    ? pass(folders.join(', '))
    : warn(
        `not frozen with the rest: ${unfrozen.join(', ')}`,
        'Move the data to a file system that can be frozen and is in the backup, or see [freeze] exclude:\n$ quiesced config',
      );

const judgeShadowed = (folders: readonly string[], left: readonly string[]): Result =>
  left.length === 0
    ? pass(folders.join(', '))
    : warn(
        `not in the shadow copy with the rest: ${left.join(', ')}`,
        'Move the data to a volume of NTFS or ReFS that is in the backup, or see [vss] volumes:\n$ quiesced config',
      );

const locksComeSoon: Check = {
  ...DATABASE_CHECK,
  id: 'app.db-long-query',
  title: 'No statement is under way that a lock would have to wait for',
  source: SOURCE,
  dependsOn: ['app.db-connect'],
  async run(system, { evidence }) {
    return system.live ? judgeLongest(await evidence(gatherDatabases)) : skip(NOT_LIVE);
  },
};

export function judgeLongest({
  quiescers,
  lockWaitSeconds,
}: Pick<DatabasesHere, 'quiescers' | 'lockWaitSeconds'>): Result {
  const slow = quiescers.flatMap(({ id, title, detected }) => {
    const [seconds, limit] = [detected?.longestSeconds ?? 0, lockWaitSeconds.get(id) ?? 0];
    return detected !== undefined && detected.blocks !== 'nothing' && seconds > limit
      ? [`${title}: a statement has run for ${seconds} s, and lock-wait is ${limit} s`]
      : [];
  });
  if (slow.length === 0)
    return pass(quiescers.length === 0 ? 'nothing is held' : 'none has run for longer than lock-wait');
  return warn(
    slow.join('; '),
    'Have the backup at a calmer hour, or raise lock-wait in its section if the application bears it.',
  );
}

/** A backup that died leaves its switch behind, and nobody notices before the next write. */
const nothingIsLeftHeld: Check = {
  ...DATABASE_CHECK,
  id: 'app.stale-lock',
  title: 'No database is held by a backup that is over',
  source: 'Azure/azure-linux-extensions#1911; quiesced: docs/quiescers.md',
  dependsOn: ['app.db-connect'],
  async run(system, { evidence }) {
    if (!system.live) return skip(NOT_LIVE);
    if (await isAtWork(system)) return skip('a run is at work now, and holds what it is to hold');
    const { quiescers } = await evidence(gatherDatabases);
    const stale = quiescers.flatMap(({ title, detected }) =>
      (detected?.stale ?? []).map((each) => ({ ...each, title })),
    );
    if (stale.length === 0) return pass('nothing was left behind');
    return fail(
      stale.map(({ title, what }) => `${title}: ${what}`).join('; '),
      stale.map(({ remedy }) => remedy).join('\n'),
    );
  },
};

const scriptsKnowThePostgres: Check = {
  ...DATABASE_CHECK,
  id: 'app.pg-version',
  title: 'No script asks PostgreSQL for what it no longer has',
  source: PG_EXCLUSIVE.source,
  async run(system, { evidence }) {
    if (!system.live) return skip(NOT_LIVE);
    const versions =
      system.platform === 'windows'
        ? versionsTold((await evidence(gatherDatabases)).quiescers)
        : await versionsRunning(system);
    const newest = Math.max(0, ...versions.filter((version) => !Number.isNaN(version)));
    const { scripts } = await evidence(gatherScripts);
    const paths = [
      ...new Set(scripts.flatMap(({ pre, post }) => [pre?.path, post?.path]).filter((path) => path !== undefined)),
    ];
    const texts = await Promise.all(
      paths.map(async (path) => ({ path, text: (await readableText(system, path)) ?? '' })),
    );
    return judgeScripts(newest, texts);
  },
};

async function versionsRunning(system: System): Promise<readonly number[]> {
  const folders = (await runningDatabases(system))
    .filter(({ kind }) => kind === 'postgresql')
    .map(({ argv }) => argv[argv.indexOf('-D') + 1]);
  return Promise.all(folders.map(async (folder) => Number(await readableText(system, `${folder}/PG_VERSION`))));
}

/** Windows does not say where a server has its data: those that are asked say what they are. */
const versionsTold = (quiescers: DatabasesHere['quiescers']): readonly number[] =>
  quiescers
    .filter(({ id }) => kindOf(id)?.id === 'postgresql')
    .map(({ detected }) => Number.parseInt(detected?.version ?? '', 10));

export function judgeScripts(
  newest: number,
  texts: readonly { readonly path: string; readonly text: string }[],
): Result {
  const asking = texts.filter(({ text }) => PG_EXCLUSIVE.functions.test(text)).map(({ path }) => path);
  if (asking.length === 0) return pass('none does');
  if (newest < PG_EXCLUSIVE.goneIn)
    return info(`${asking.join(', ')} calls pg_start_backup, which PostgreSQL ${PG_EXCLUSIVE.goneIn} has no more`);
  return fail(
    `${asking.join(', ')} calls pg_start_backup or pg_stop_backup, which PostgreSQL ${newest} does not have`,
    'Leave it to [quiescer postgresql], or call pg_backup_start and pg_backup_stop in one session that stays open.',
  );
}

/** Whether the databases that run here are held, and well. */
export const databaseChecks: readonly Check[] = [
  databasesAreHeld,
  databasesCanBeHeld,
  databasesAreFrozen,
  locksComeSoon,
  nothingIsLeftHeld,
  scriptsKnowThePostgres,
];
