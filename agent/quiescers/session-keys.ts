import type { SectionOf } from '../config/schema.ts';
import type { Keys } from './kind.ts';
import type { Shortcoming } from './quiescer.ts';

/** What a section of a session may say. Each question has the line that says yes; `denied` is the one that says no. */
export const SESSION_KEYS = {
  client: {
    type: 'list',
    of: 'argv',
    example: '/usr/bin/mongosh, --quiet',
    about: 'Program and arguments, by comma; its statements come by its standard input.',
  },
  user: {
    type: 'text',
    only: { platform: 'linux', instead: 'Remove it: the client runs as the service does.' },
    example: 'oracle',
    about: 'User of the system that it runs as (root).',
  },
  before: {
    type: 'text',
    example: 'db.currentOp().fsyncLock',
    about: 'Statement that asks whether nobody holds it yet: what others hold is not for us to release.',
  },
  'before-2': { type: 'text', example: 'GO', about: 'A second line of it.' },
  free: { type: 'text', example: '*quiesced free*', about: 'The line that says so.' },
  denied: {
    type: 'text',
    example: '*quiesced no*',
    about: 'The line that says no, to any of these; nothing of ours is held where it answers the hold.',
  },
  'denied-2': { type: 'text', example: 'ORA-01146*', about: 'Another one.' },
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
} as const satisfies Keys;

export type SessionSettings = SectionOf<typeof SESSION_KEYS>;

/**
 * Without an answer to wait for, nobody would know whether it is held; without a question, whether it still is; without
 * a no, whoever is held by others already would be waited for until the deadline.
 */
export function missingIn(settings: SessionSettings): readonly Shortcoming[] {
  const always = ['hold', 'held', 'verify', 'verified', 'release', 'released'] as const;
  const asking = ['before', 'free', 'denied'] as const;
  const asks = settings.before !== undefined || settings.free !== undefined;
  const absent: string[] = [...(asks ? asking : []), ...always].filter((key) => settings[key] === undefined);
  if (settings.client.length === 0) absent.unshift('client');
  if (absent.length === 0) return [];
  return [
    { what: `its section does not say: ${absent.join(', ')}`, remedy: 'Complete it as shown in docs/quiescers.md.' },
  ];
}
