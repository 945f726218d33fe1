import { matchesGlob } from '../config/glob.ts';
import { UserError } from '../errors.ts';
import { redact } from '../redact.ts';
import { accountOf, noSuchAccount } from '../system/account.ts';
import { isDatabaseKind } from '../system/databases.ts';
import { realPathsOf } from '../system/real-path.ts';
import { type HeldClient, openClient } from './client.ts';
import { defineKind, pickInstance, type QuiescerParts } from './kind.ts';
import type { ConfiguredQuiescer, Shortcoming } from './quiescer.ts';
import { missingIn, SESSION_KEYS, type SessionSettings } from './session-keys.ts';

/** Any client program that is kept open, with the statements and answers of the configuration. */
export const session = defineKind({
  id: 'session',
  title: 'Session',
  serves: [],
  keys: SESSION_KEYS,
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
    /** Where the answer is no, nothing of ours is held: it was refused, or somebody has ended it. */
    const askOrOver = (own: HeldClient, lines: Lines, expected: string | undefined, signal: AbortSignal) =>
      ask(own, lines, expected, settings, signal).catch((error: unknown) => {
        if (error instanceof DeniedError) over = true;
        throw error;
      });

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
      async detect(signal) {
        const stale = await heldByOthers(parts, settings, signal);
        const missing = missingIn(settings);
        return { version: '', blocks, how: settings.hold ?? '', missing, stale, folders: await foldersNow() };
      },
      async ready(signal) {
        const [taken] = await heldByOthers(parts, settings, signal);
        if (taken !== undefined) throw new UserError('quiescer.taken', taken.what, { remedy: taken.remedy });
      },
      async hold(signal) {
        over = true;
        const [missing] = missingIn(settings);
        if (missing !== undefined) throw new UserError('quiescer.missing', missing.what, { remedy: missing.remedy });
        folders = await foldersNow();
        client = await open(parts, settings, settings.outlives ? releaseOf(settings) : []);
        over = false;
        await askOrOver(client, [settings.hold, settings.hold2, settings.hold3], settings.held, signal);
      },
      async verify(signal) {
        if (client === undefined) throw new Error('it was not held');
        await askOrOver(client, [settings.verify, settings.verify2], settings.verified, signal);
      },
      async release(signal) {
        const own = client;
        client = undefined;
        if (over) return own?.close();
        if (own === undefined && !settings.outlives) return;
        try {
          await releaseBy(own ?? (await open(parts, settings, releaseOf(settings))), settings, signal);
        } catch (error) {
          // A client that died has left its hold behind: another ends it now, and not only at the next start.
          if (own === undefined || !settings.outlives || signal.aborted) throw error;
          await releaseBy(await open(parts, settings, releaseOf(settings)), settings, signal);
        }
        over = true;
      },
    };
    return quiescer;
  },
});

/** Whoever holds it before us, and whatever he left. */
async function heldByOthers(
  parts: QuiescerParts,
  settings: SessionSettings,
  signal: AbortSignal,
): Promise<readonly Shortcoming[]> {
  if (settings.before === undefined || missingIn(settings).length > 0) return [];
  const client = await open(parts, settings, []);
  try {
    await ask(client, [settings.before, settings.before2], settings.free, settings, signal);
    return [];
  } catch (error) {
    if (!(error instanceof DeniedError)) throw error;
    return [
      {
        what: `it is held already, by another backup or by what one has left: ${error.line}`,
        remedy: `If no other backup is at work, let it go: ${releaseOf(settings).join(' ')}`,
      },
    ];
  } finally {
    await client.close();
  }
}

async function open(
  { system, self, lifeMs }: QuiescerParts,
  settings: SessionSettings,
  farewell: readonly string[],
): Promise<HeldClient> {
  const account = settings.user === undefined ? undefined : await accountOf(system, settings.user);
  if (settings.user !== undefined && account === undefined) throw noSuchAccount(settings.user);
  const { password, passwordVariable } = settings;
  const env = password === undefined || passwordVariable === undefined ? {} : { [passwordVariable]: password };
  return openClient(system, { argv: settings.client, self, env, account, lifeMs, farewell });
}

/** One that does not answer gets the farewell: it may be all that it is able to take. */
async function releaseBy(client: HeldClient, settings: SessionSettings, signal: AbortSignal): Promise<void> {
  try {
    await ask(client, releaseOf(settings), settings.released, settings, signal);
  } catch (error) {
    await client.leave();
    throw error;
  }
  await client.close();
}

/** The product has said no. */
class DeniedError extends Error {
  readonly line: string;

  constructor(line: string) {
    super(`it answered: ${line}`);
    this.name = 'DeniedError';
    this.line = line;
  }
}

/** As many as the section gives. */
type Lines = readonly (string | undefined)[];

/** Where no answer is expected there is nothing to wait for: the next one, or the end of the client, tells. */
async function ask(
  client: HeldClient,
  lines: Lines,
  expected: string | undefined,
  { denied, denied2 }: SessionSettings,
  signal: AbortSignal,
): Promise<void> {
  const given = linesOf(...lines);
  if (given.length === 0 || expected === undefined) return;
  const isOneOf = (patterns: readonly string[]) => (line: string) =>
    patterns.some((pattern) => matchesGlob(pattern, line.trim()));
  const isNo = isOneOf(linesOf(denied, denied2));
  const isYes = isOneOf([expected]);
  const answer = await client.ask(given, (line) => isNo(line) || isYes(line), signal);
  const last = answer.at(-1) ?? '';
  if (isNo(last)) throw new DeniedError(redact(last.trim()));
}

const releaseOf = ({ release, release2, release3 }: SessionSettings): readonly string[] =>
  linesOf(release, release2, release3);

const linesOf = (...lines: Lines): readonly string[] => lines.filter((line) => line !== undefined);
