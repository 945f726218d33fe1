import type { FileChange } from '../system/changes.ts';
import { isRegistryValue, type RegistryValue, sameValue } from '../system/registry.ts';
import type { System } from '../system/system.ts';

/** Where we write down what stood before, and what we put there: values carry no mark of ours. */
const KEPT = 'HKLM\\SOFTWARE\\quiesced\\proxy';

interface Kept {
  readonly ours: RegistryValue;
  readonly before: RegistryValue | null;
}

/** A value that somebody else reads. */
export interface OurValue {
  readonly path: string;
  /** What it should be, given what it is: the same where that says the same. Undefined takes ours out. */
  readonly wanted: ((present: RegistryValue | undefined) => RegistryValue) | undefined;
  /** Whether two say the same, where bytes alone do not tell. */
  readonly same?: (a: RegistryValue | undefined, b: RegistryValue | undefined) => boolean;
}

/**
 * What brings the value to what is wanted, or gives back what stood there before ours. What somebody else has changed
 * since is left to him. Empty when it is so already.
 */
export async function planOurValue(
  system: System,
  { path, wanted, same = sameValue }: OurValue,
): Promise<readonly FileChange[]> {
  const { registry } = system;
  if (registry === undefined) return [];
  const record = `${KEPT}\\${path.replaceAll('\\', '/')}`;
  const present = await registry.read(path);
  const kept = keptOf(await registry.read(record));
  const isOurs = kept !== undefined && same(present, kept.ours);
  if (wanted === undefined) {
    if (kept === undefined) return [];
    const back: readonly FileChange[] = isOurs ? [restore(path, kept.before)] : [];
    return [...back, { do: 'remove-value', path: record }];
  }
  const value = wanted(present);
  // Where it was not us who said it first, there is nothing to be taken out later.
  if (sameValue(present, value)) return [];
  const before = isOurs ? kept.before : (present ?? null);
  return [
    { do: 'set-value', path: record, value: { type: 'sz', data: JSON.stringify({ ours: value, before }) } },
    { do: 'set-value', path, value },
  ];
}

const restore = (path: string, before: RegistryValue | null): FileChange =>
  before === null ? { do: 'remove-value', path } : { do: 'set-value', path, value: before };

/** Undefined for what is none of ours. */
function keptOf(value: RegistryValue | undefined): Kept | undefined {
  if (value?.type !== 'sz') return undefined;
  try {
    const kept = JSON.parse(value.data) as Kept | undefined;
    return isRegistryValue(kept?.ours) && (kept?.before === null || isRegistryValue(kept?.before)) ? kept : undefined;
  } catch {
    return undefined;
  }
}
