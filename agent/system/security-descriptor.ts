/**
 * Who owns a file, folder or pipe of Windows, and who may do what with it, as it is kept in a self-relative security
 * descriptor: [MS-DTYP] 2.4.6.
 */
export interface Security {
  /** `S-1-5-18`; undefined where none is written down. */
  readonly owner: string | undefined;
  /** Undefined: there is no list, and everybody may do everything. An empty one lets nobody do anything. */
  readonly entries: readonly AccessEntry[] | undefined;
}

/** One line of the list: [MS-DTYP] 2.4.4. */
export interface AccessEntry {
  /** `other` is of a kind that is not known here. */
  readonly kind: 'allow' | 'deny' | 'other';
  /** Holds for what is made below, and not for the thing itself. */
  readonly inheritOnly: boolean;
  /** Bits of an ACCESS_MASK. */
  readonly rights: number;
  readonly who: string;
}

const HEADER_BYTES = 20;
const DACL_PRESENT = 0x0004;
const SELF_RELATIVE = 0x8000;
const INHERIT_ONLY = 0x08;

/** By the type of an entry; those with conditions count as if they were met. */
const KINDS: Readonly<Record<number, AccessEntry['kind']>> = { 0: 'allow', 1: 'deny', 9: 'allow', 10: 'deny' };

/** Undefined for what is cut off, or no such descriptor. */
export function parseSecurity(bytes: Buffer): Security | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== 1) return undefined;
  const control = bytes.readUInt16LE(2);
  if ((control & SELF_RELATIVE) === 0) return undefined;
  const ownerAt = bytes.readUInt32LE(4);
  const owner = ownerAt === 0 ? undefined : sidAt(bytes, ownerAt);
  if (ownerAt !== 0 && owner === undefined) return undefined;
  const listAt = bytes.readUInt32LE(16);
  if ((control & DACL_PRESENT) === 0 || listAt === 0) return { owner, entries: undefined };
  const entries = entriesAt(bytes, listAt);
  return entries && { owner, entries };
}

function entriesAt(bytes: Buffer, at: number): readonly AccessEntry[] | undefined {
  if (at + 8 > bytes.length) return undefined;
  const end = at + bytes.readUInt16LE(at + 2);
  const count = bytes.readUInt16LE(at + 4);
  if (end > bytes.length) return undefined;
  const entries: AccessEntry[] = [];
  for (let here = at + 8; entries.length < count; ) {
    if (here + 8 > end) return undefined;
    const size = bytes.readUInt16LE(here + 2);
    if (size < 8 || here + size > end) return undefined;
    const kind = KINDS[bytes[here] ?? 0] ?? 'other';
    const who = kind === 'other' ? '' : sidAt(bytes.subarray(0, here + size), here + 8);
    if (who === undefined) return undefined;
    const inheritOnly = ((bytes[here + 1] ?? 0) & INHERIT_ONLY) !== 0;
    entries.push({ kind, inheritOnly, rights: bytes.readUInt32LE(here + 4), who });
    here += size;
  }
  return entries;
}

/** `S-1-5-32-544`: [MS-DTYP] 2.4.2.1 and 2.4.2.2. */
function sidAt(bytes: Buffer, at: number): string | undefined {
  if (at + 8 > bytes.length || bytes[at] !== 1) return undefined;
  const count = bytes[at + 1] ?? 0;
  if (count > 15 || at + 8 + 4 * count > bytes.length) return undefined;
  const parts = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(at + 8 + 4 * index));
  return ['S-1', bytes.readUIntBE(at + 2, 6), ...parts].join('-');
}
