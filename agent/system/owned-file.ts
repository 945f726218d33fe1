import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { FileChange } from './changes.ts';
import type { System } from './system.ts';

/**
 * A file that is ours as a whole, in a folder that is not. Its last line is a seal: a checksum of all before it, in a
 * comment. So a file of ours is told from one of somebody else's, and from one of ours that somebody has edited since.
 */
export interface OwnedFile {
  /** Without the seal; ends with a line feed. */
  readonly text: string;
  readonly mode: number;
  /** How the seal is written; a comment unless something else is said. */
  readonly seal?: SealStyle;
}

/** `member`: the last one of a JSON object, which knows no comments. Its text ends within the object, with a comma. */
export type SealStyle = 'comment' | 'member';

const WORDS = 'Written by quiesced, which leaves it alone once it is edited: sha256';
const STYLES: Readonly<Record<SealStyle, readonly [before: string, after: string]>> = {
  comment: ['# ', '\n'],
  member: ['  "seal": "', '"\n}\n'],
};
const STYLE_NAMES = Object.keys(STYLES) as readonly SealStyle[];

export function sealed(text: string, style: SealStyle = 'comment'): string {
  const [before, after] = STYLES[style];
  return `${text}${before}${WORDS} ${createHash('sha256').update(text).digest('hex')}${after}`;
}

/** `edited`: it carries our seal, which does not fit it any more. */
export function ownerOf(text: string): 'us' | 'edited' | 'somebody' {
  const ends = STYLE_NAMES.map((style) => ({ style, at: text.lastIndexOf(`\n${STYLES[style][0]}${WORDS}`) + 1 }));
  if (ends.every(({ at }) => at === 0)) return 'somebody';
  return ends.some(({ style, at }) => sealed(text.slice(0, at), style) === text) ? 'us' : 'edited';
}

/**
 * What brings the file to what is wanted; `undefined` takes it away. Nothing to do is an empty plan. Throws a
 * `UserError`: `file.edited` for one of ours that somebody has edited, `file.foreign` when somebody else's is in the place
 * of one that is wanted. Where ours is to go, somebody else's stays without a word.
 */
export async function planFile(system: System, path: string, wanted: OwnedFile | undefined): Promise<FileChange[]> {
  const present = await system.readText(path);
  const link = await system.readLink(path);
  if (present === undefined && link === undefined) return wanted === undefined ? [] : [writeOwned(path, wanted)];
  const owner = present === undefined || link !== undefined ? 'somebody' : ownerOf(present);
  if (owner === 'edited') throw edited(path);
  if (owner === 'somebody') {
    if (wanted === undefined) return [];
    throw foreign(path);
  }
  if (wanted === undefined) return [{ do: 'remove', path }];
  // A write keeps the mode of what it replaces.
  if ((await system.stat(path))?.mode !== wanted.mode) return [{ do: 'remove', path }, writeOwned(path, wanted)];
  return present === sealed(wanted.text, wanted.seal) ? [] : [writeOwned(path, wanted)];
}

/** Whatever stands there: for who has seen to that. */
export const writeOwned = (path: string, { text, mode, seal }: OwnedFile): FileChange => ({
  do: 'write',
  path,
  text: sealed(text, seal),
  mode,
});

const edited = (path: string): UserError =>
  new UserError('file.edited', `${path} was edited since quiesced wrote it, and is left alone`, {
    remedy: `Keep what you need of it, remove it, then run the same command again: rm ${path}`,
  });

const foreign = (path: string): UserError =>
  new UserError('file.foreign', `${path} is there already, and is not of quiesced`, {
    remedy: `Look at it; if nobody needs it, remove it, then run the same command again: rm ${path}`,
  });
