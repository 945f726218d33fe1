import type { System } from './system.ts';

/** The version of a program for Windows, four numbers: `2.7.41491.1095`. */
export interface PeVersion {
  readonly file: string;
  readonly product: string;
}

/** Positions in the headers and the resource tree: "PE Format" of Microsoft's manual. */
const PE_OFFSET_AT = 0x3c;
const COFF_BYTES = 20;
const OPTIONAL_MAGIC = { 267: 96, 523: 112 } as const;
const RESOURCES = 2;
const SECTION_BYTES = 40;
const RT_VERSION = 16;
const SUBDIRECTORY = 0x8000_0000;
/** Type, name, language. */
const TREE_DEPTH = 3;
/** The signature of VS_FIXEDFILEINFO, which is aligned to four bytes behind the name `VS_VERSION_INFO`. */
const FIXED_INFO = 0xfeef_04bd;
const FIXED_INFO_WITHIN = 64;

/**
 * What the version resource of a .exe or .dll says, as GetFileVersionInfoW would; undefined where there is none, or the
 * bytes are no such program. By our own hand: thirty lines of a format that has not changed since 1993, against a
 * dependency, and a mounted disk can be judged on Linux too. Never throws.
 */
export function parsePeVersion(bytes: Buffer): PeVersion | undefined {
  try {
    const tree = resourceTree(bytes);
    const resource = tree && versionResource(tree);
    return resource && fixedInfo(resource);
  } catch (error) {
    // Every offset in it is the file's own word, and may lead anywhere.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** No program of an agent is larger, and none is worth the memory. */
const MOST_BYTES = 64 * 1024 ** 2;

/** The same of a file; undefined where there is none, too. */
export async function fileVersion(system: System, path: string): Promise<PeVersion | undefined> {
  const stat = await system.stat(path);
  if (stat?.kind !== 'file' || stat.sizeBytes > MOST_BYTES) return undefined;
  const text = await system.readText(path, 'latin1');
  return text === undefined ? undefined : parsePeVersion(Buffer.from(text, 'latin1'));
}

/** Of a section: size in memory, address there, size and place in the file. */
type Section = [memory: number, from: number, raw: number, place: number];

interface ResourceTree {
  readonly bytes: Buffer;
  /** Where the tree begins in the file, and what to take from an address for its place there. */
  readonly start: number;
  readonly addressToPlace: number;
}

function resourceTree(bytes: Buffer): ResourceTree | undefined {
  if (bytes.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const pe = bytes.readUInt32LE(PE_OFFSET_AT);
  if (bytes.readUInt32BE(pe) !== 0x5045_0000) return undefined;
  const coff = pe + 4;
  const sections = bytes.readUInt16LE(coff + 2);
  const optional = coff + COFF_BYTES;
  const magic = bytes.readUInt16LE(optional);
  if (magic !== 0x10b && magic !== 0x20b) return undefined;
  const directory = optional + OPTIONAL_MAGIC[magic];
  if (bytes.readUInt32LE(directory - 4) <= RESOURCES) return undefined;
  const address = bytes.readUInt32LE(directory + RESOURCES * 8);
  if (address === 0) return undefined;
  const table = optional + bytes.readUInt16LE(coff + 16);
  for (let section = 0; section < sections; section++) {
    const at = table + section * SECTION_BYTES;
    const [memory, from, raw, place] = [8, 12, 16, 20].map((offset) => bytes.readUInt32LE(at + offset)) as Section;
    if (address < from || address >= from + Math.max(memory, raw)) continue;
    return { bytes, start: address - from + place, addressToPlace: from - place };
  }
  return undefined;
}

/** The first of its kind, in whatever name and language: a program has one version. */
function versionResource({ bytes, start, addressToPlace }: ResourceTree): Buffer | undefined {
  let at = start;
  for (let level = 0; level < TREE_DEPTH; level++) {
    const entry = level === 0 ? entryOf(bytes, at, RT_VERSION) : entryOf(bytes, at, undefined);
    if (entry === undefined) return undefined;
    const isBranch = (entry & SUBDIRECTORY) !== 0;
    if (isBranch === (level === TREE_DEPTH - 1)) return undefined;
    at = start + (entry & ~SUBDIRECTORY);
  }
  const place = bytes.readUInt32LE(at) - addressToPlace;
  return bytes.subarray(place, place + bytes.readUInt32LE(at + 4));
}

/** Where an entry of a directory leads: the one with this number, or the first. */
function entryOf(bytes: Buffer, directory: number, id: number | undefined): number | undefined {
  const count = bytes.readUInt16LE(directory + 12) + bytes.readUInt16LE(directory + 14);
  for (let entry = 0; entry < count; entry++) {
    const at = directory + 16 + entry * 8;
    if (id === undefined || bytes.readUInt32LE(at) === id) return bytes.readUInt32LE(at + 4);
  }
  return undefined;
}

function fixedInfo(resource: Buffer): PeVersion | undefined {
  for (let at = 0; at <= FIXED_INFO_WITHIN; at += 4) {
    if (resource.readUInt32LE(at) !== FIXED_INFO) continue;
    return { file: versionAt(resource, at + 8), product: versionAt(resource, at + 16) };
  }
  return undefined;
}

/** Two DWORDs of two numbers each, the greater one first. */
const versionAt = (bytes: Buffer, at: number): string =>
  [at + 2, at, at + 6, at + 4].map((place) => bytes.readUInt16LE(place)).join('.');
