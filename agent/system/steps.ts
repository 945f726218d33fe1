import { UserError } from '../errors.ts';
import type { FileChange } from './changes.ts';
import { isRegistryPath, type RegistryValue, sameValue } from './registry.ts';
import type { Owner, System } from './system.ts';

/** What stands at a path, whole, so that it can be put back. */
export type State =
  | {
      readonly kind: 'file';
      /** A character for each byte. */
      readonly text: string;
      readonly mode: number;
      /** Absent for a file that is yet to be made: it becomes the writer's. */
      readonly owner?: Owner;
    }
  | { readonly kind: 'folder'; readonly mode: number }
  | { readonly kind: 'value'; readonly value: RegistryValue };

/** A change with the way back. `undefined` on a side: nothing is there. Plain data, to be kept on disk. */
export interface Step {
  readonly path: string;
  readonly before?: State | undefined;
  readonly after?: State | undefined;
}

export const reversed = ({ path, before, after }: Step): Step => ({ path, before: after, after: before });

/** Whether the same is there. Mode and owner are put back, but somebody who changed them changed no text. */
export function same(a: State | undefined, b: State | undefined): boolean {
  if (a?.kind === 'file' && b?.kind === 'file') return a.text === b.text;
  if (a?.kind === 'value' && b?.kind === 'value') return sameValue(a.value, b.value);
  return a?.kind === b?.kind;
}

/** Undefined when nothing is there. Throws a `UserError` (`file.kind`) for what is neither a file nor a folder. */
export async function stateAt(system: System, path: string): Promise<State | undefined> {
  if (isRegistryPath(path)) {
    const value = await system.registry?.read(path);
    return value && { kind: 'value', value };
  }
  const stat = await system.stat(path);
  if (stat === undefined && (await system.readLink(path)) !== undefined) throw unusable(path, 'a link to nothing');
  if (stat === undefined) return undefined;
  if (stat.kind === 'directory') return { kind: 'folder', mode: stat.mode };
  if (stat.kind !== 'file') throw unusable(path, 'not a regular file');
  const text = await system.readText(path, 'latin1');
  return text === undefined
    ? undefined
    : { kind: 'file', text, mode: stat.mode, owner: { uid: stat.uid, gid: stat.gid } };
}

/** The changes with what stands there now; one step a path, and none where it stands as it should. */
export async function stepsOf(system: System, changes: readonly FileChange[]): Promise<readonly Step[]> {
  const steps = new Map<string, Step>();
  for (const change of changes) {
    const known = steps.get(change.path);
    const before = known === undefined ? await stateAt(system, change.path) : known.before;
    steps.set(change.path, { path: change.path, before, after: stateAfter(change, known?.after ?? before) });
  }
  return [...steps.values()].filter(({ before, after }) => !same(before, after) || modeOf(before) !== modeOf(after));
}

const modeOf = (state: State | undefined): number | undefined =>
  state === undefined || state.kind === 'value' ? undefined : state.mode;

function stateAfter(change: FileChange, present: State | undefined): State | undefined {
  switch (change.do) {
    case 'write': {
      const text = Buffer.from(change.text, change.encoding).toString('latin1');
      return present?.kind === 'file' ? { ...present, text } : { kind: 'file', text, mode: change.mode };
    }
    case 'make-folder':
      return { kind: 'folder', mode: change.mode };
    case 'set-value':
      return { kind: 'value', value: change.value };
    case 'remove':
    case 'remove-folder':
    case 'remove-value':
      return undefined;
  }
}

/**
 * What was done first, then the rest, as one: the way back from it leads to where the first began. Where somebody else
 * was at work between the two, it leads to what he left.
 */
export function composed(first: readonly Step[], then: readonly Step[]): readonly Step[] {
  const steps = new Map(first.map((step) => [step.path, step]));
  for (const step of then) {
    const known = steps.get(step.path);
    const joins = known !== undefined && same(known.after, step.before);
    steps.set(step.path, joins ? { ...known, after: step.after } : step);
  }
  return [...steps.values()].filter(({ before, after }) => !same(before, after));
}

const unusable = (path: string, what: string): UserError =>
  new UserError('file.kind', `${path} is ${what}, and is left alone`, { remedy: `Look at it: ls -l ${path}` });
