import { matchesGlob } from '../config/glob.ts';
import { UserError } from '../errors.ts';
import { accountOf, noSuchAccount } from '../system/account.ts';
import { isDatabaseKind } from '../system/databases.ts';
import { realPathsOf } from '../system/real-path.ts';
import { type HeldClient, openClient } from './client.ts';
import { defineKind, pickInstance, type QuiescerParts } from './kind.ts';
import type { ConfiguredQuiescer, Shortcoming } from './quiescer.ts';

const KEYS = {
  client: {
    type: 'list',
    of: 'argv',
    example: '/usr/bin/mongosh, --quiet',
    about: 'Program and arguments, by comma; its statements come by its standard input.',
  },
  user: { type: 'text', example: 'oracle', about: 'User of the system that it runs as (root).' },
  hold: { type: 'text', example: 'db.fsyncLock()', about: 'Statement that holds the application.' },
  'hold-2': { type: 'text', example: 'SELECT 1;', about: 'A second line of it; hold-3 is a third.' },
  'hold-3': { type: 'text', example: 'SELECT 1;', about: 'A third line of it.' },
  held: { type: 'text', example: '*ok: 1*', about: 'The line that says so; * and ? stand for any characters.' },
  verify: { type: 'text', example: 'db.currentOp().fsyncLock', about: 'Statement that asks whether it is still held.' },
  'verify-2': { type: 'text', example: 'GO', about: 'A second line of it.' },
  verified: { type: 'text', example: '*true*', about: 'The line that says so.' },
  release: { type: 'text', example: 'db.fsyncUnlock()', about: 'Statement that releases it.' },
  'release-2': { type: 'text', example: 'SELECT 1;', about: 'A second line of it.' },
  'release-3': { type: 'text', example: 'GO', about: 'A third line of it.' },
  released: { type: 'text', example: '*ok: 1*', about: 'The line that says so.' },
  password: {
    type: 'text',
    secret: true,
    example: '…',
    about: 'What the client finds in the variable that the next key names.',
  },
  'password-variable': {
    type: 'text',
    example: 'SQLCMDPASSWORD',
    about: 'The variable of its environment that takes the password.',
  },
  outlives: {
    type: 'switch',
    default: 'no',
    about: 'Whether the hold lasts when the client has ended: then it is on record, and released by whoever is left.',
  },
  blocks: {
    type: 'choice',
    of: ['writes', 'commits', 'nothing'],
    default: 'writes',
    about: 'What others cannot do meanwhile.',
  },
  folders: {
    type: 'list',
    of: 'path',
    example: '/var/lib/mongodb',
    about: 'Where its data and its log are: they must be frozen.',
  },
  covers: {
    type: 'text',
    example: 'mongodb',
    about: 'The database that it holds, by the name that quiesced quiescers gives it.',
  },
} as const;

type Settings = Parameters<Parameters<typeof defineKind<typeof KEYS>>[0]['create']>[1];

/** Any client program that is kept open, with the statements and answers of the configuration. */
export const session = defineKind({
  id: 'session',
  title: 'Session',
  serves: [],
  keys: KEYS,
  create(parts, settings) {
    const { id, title, holdMs, onFailure } = parts;
    const { blocks } = settings;
    let folders: readonly string[] = [];
    const foldersNow = () => realPathsOf(parts.system, settings.folders);
    let client: HeldClient | undefined;
    /**
     * Nothing of ours is held, and somebody else may hold it by now. Unknown to who has not begun to hold: he is asked to
     * release for a process that died.
     */
    let over = false;

    const quiescer: ConfiguredQuiescer = {
      id,
      title,
      kind: 'session',
      holdMs,
      get folders() {
        return folders;
      },
      // Where nothing else ends it, a later process starts the client anew; by the configuration, as it is then.
      ...(settings.outlives ? { owed: { kind: 'session' } } : {}),
      ...(onFailure === undefined ? {} : { onFailure }),
      pick: (instances) =>
        isDatabaseKind(settings.covers) ? pickInstance(instances, [settings.covers], undefined) : undefined,
      detect: async () => ({
        version: '',
        blocks,
        how: settings.hold ?? '',
        missing: missingIn(settings),
        stale: [],
        folders: await foldersNow(),
      }),
      async hold(signal) {
        over = true;
        const [missing] = missingIn(settings);
        if (missing !== undefined) throw new UserError('quiescer.missing', missing.what, { remedy: missing.remedy });
        folders = await foldersNow();
        client = await open(parts, settings);
        over = false;
        await ask(client, [settings.hold, settings.hold2, settings.hold3], settings.held, signal);
      },
      async verify(signal) {
        if (client === undefined) throw new Error('it was not held');
        await ask(client, [settings.verify, settings.verify2], settings.verified, signal);
      },
      async release(signal) {
        const own = client;
        client = undefined;
        if (over || (own === undefined && !settings.outlives)) return;
        try {
          await releaseBy(own ?? (await open(parts, settings)), settings, signal);
        } catch (error) {
          // A client that died has left its hold behind: another ends it now, and not only at the next start.
          if (own === undefined || !settings.outlives || signal.aborted) throw error;
          await releaseBy(await open(parts, settings), settings, signal);
        }
        over = true;
      },
    };
    return quiescer;
  },
});

async function open({ system, lifeMs }: QuiescerParts, settings: Settings): Promise<HeldClient> {
  const account = settings.user === undefined ? undefined : await accountOf(system, settings.user);
  if (settings.user !== undefined && account === undefined) throw noSuchAccount(settings.user);
  const farewell = settings.outlives ? releaseOf(settings) : [];
  const { password, passwordVariable } = settings;
  const env = password === undefined || passwordVariable === undefined ? {} : { [passwordVariable]: password };
  return openClient(system, { argv: settings.client, env, account, lifeMs, farewell });
}

/** One that does not answer gets the farewell: it may be all that it is able to take. */
async function releaseBy(client: HeldClient, settings: Settings, signal: AbortSignal): Promise<void> {
  try {
    await ask(client, releaseOf(settings), settings.released, signal);
  } catch (error) {
    await client.leave();
    throw error;
  }
  await client.close();
}

/** Where no answer is expected there is nothing to wait for: the next one, or the end of the client, tells. */
async function ask(
  client: HeldClient,
  lines: readonly (string | undefined)[],
  expected: string | undefined,
  signal: AbortSignal,
) {
  const given = linesOf(...lines);
  if (given.length === 0 || expected === undefined) return;
  await client.ask(given, (line) => matchesGlob(expected, line.trim()), signal);
}

const releaseOf = ({ release, release2, release3 }: Settings): readonly string[] =>
  linesOf(release, release2, release3);

const linesOf = (...lines: readonly (string | undefined)[]): readonly string[] =>
  lines.filter((line) => line !== undefined);

/** Without an answer to wait for, nobody would know whether it is held; without a question, whether it still is. */
function missingIn(settings: Settings): readonly Shortcoming[] {
  const wanted = ['hold', 'held', 'verify', 'verified', 'release', 'released'] as const;
  const absent: string[] = wanted.filter((key) => settings[key] === undefined);
  if (settings.client.length === 0) absent.unshift('client');
  if (absent.length === 0) return [];
  return [
    { what: `its section does not say: ${absent.join(', ')}`, remedy: 'Complete it as shown in docs/quiescers.md.' },
  ];
}
