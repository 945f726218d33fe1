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
}

export const SEAL = '# Written by quiesced, which leaves it alone once it is edited: sha256';

export const sealed = (text: string): string => `${text}${SEAL} ${createHash('sha256').update(text).digest('hex')}\n`;

/** `edited`: it carries our seal, which does not fit it any more. */
export function ownerOf(text: string): 'us' | 'edited' | 'somebody' {
  const at = text.lastIndexOf(`\n${SEAL}`) + 1;
  if (at === 0) return 'somebody';
  return sealed(text.slice(0, at)) === text ? 'us' : 'edited';
}

/**
 * What brings the file to what is wanted; `undefined` takes it away. Nothing to do is an empty plan. Throws a
 * `UserError`: `file.edited` for one of ours that somebody has edited, `file.foreign` when somebody else's is in the place
 * of one that is wanted. Where ours is to go, somebody else's stays without a word.
 */
export async function planFile(system: System, path: string, wanted: OwnedFile | undefined): Promise<FileChange[]> {
  const present = await system.readText(path);
  const link = await system.readLink(path);
  if (present === undefined && link === undefined) return wanted === undefined ? [] : [write(path, wanted)];
  const owner = present === undefined || link !== undefined ? 'somebody' : ownerOf(present);
  if (owner === 'edited') throw edited(path);
  if (owner === 'somebody') {
    if (wanted === undefined) return [];
    throw foreign(path);
  }
  if (wanted === undefined) return [{ do: 'remove', path }];
  // A write keeps the mode of what it replaces.
  if ((await system.stat(path))?.mode !== wanted.mode) return [{ do: 'remove', path }, write(path, wanted)];
  return present === sealed(wanted.text) ? [] : [write(path, wanted)];
}

const write = (path: string, { text, mode }: OwnedFile): FileChange => ({
  do: 'write',
  path,
  text: sealed(text),
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
