import { messageOf } from '../errors.ts';
import { byteStream } from '../system/bytes.ts';
import { MissingProgram } from '../system/filter.ts';
import type { System } from '../system/system.ts';
import { ByteReader } from './byte-reader.ts';
import { compressionOf, decompressed, MAGIC_BYTES } from './compression.ts';
import { cpioNames, isCpio } from './cpio.ts';

/** What the kernel finds before there is a root file system. */
export type Initramfs =
  | {
      readonly state: 'read';
      /** Names of the modules for the kernel that was asked for, `_` in the place of `-`. */
      readonly modules: ReadonlySet<string>;
      /** The program that the kernel starts in it. */
      readonly init: boolean;
      /** A file system image within, whose contents are not read: dracut's `squash` puts the modules there. */
      readonly packed: string | undefined;
    }
  | {
      readonly state: 'unreadable';
      readonly why: string;
      /** A program that would help, if this machine had it. */
      readonly lacks?: string;
    };

/** Far beyond any that boots, unpacked; a few kilobytes can be made to unpack to as much as one likes. */
const MOST_BYTES = 4 * 1024 ** 3;
const MOST_NAMES = 1_000_000;
/** One of 100 MB takes two seconds on a slow machine. */
const LIMIT_MS = 60_000;

/** NAME_MAX of Linux: of a longer one no file is made, and a hostile image could fill our memory with them. */
const LONGEST_PART = 255;

const PACKED = /(^|\/)(squash|erofs)\S*\.img$/;

/**
 * Reads an image as the kernel unpacks it: archives one behind the other, those in front as they are (microcode, firmware),
 * the last one compressed. Holds a megabyte of it at a time, however large it is. Never throws for what stands in it.
 */
export async function readInitramfs(system: System, path: string, kernel: string): Promise<Initramfs> {
  try {
    // Anything else might keep us waiting for its first byte.
    if ((await system.stat(path))?.kind !== 'file') return { state: 'unreadable', why: 'it is no regular file' };
    const modules = new Set<string>();
    let init = false;
    let packed: string | undefined;
    for await (const name of imageNames(byteStream(system.resolve(path)), AbortSignal.timeout(LIMIT_MS))) {
      const module = moduleOf(name, kernel);
      if (module !== undefined) modules.add(module);
      if (name === 'init' || name === './init') init = true;
      if (PACKED.test(name)) packed = name;
    }
    return { state: 'read', modules, init, packed };
  } catch (error) {
    if (error instanceof MissingProgram) {
      const why = `it is compressed by ${error.message}, which this machine does not have`;
      return { state: 'unreadable', why, lacks: error.message };
    }
    return { state: 'unreadable', why: messageOf(error) };
  }
}

/** The names in all archives of an image, in their order. Throws for what the kernel would not unpack. */
export async function* imageNames(image: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<string> {
  const outer = new ByteReader(image);
  let reader = outer;
  try {
    let seen = 0;
    while (await reader.skipZeros()) {
      const head = await reader.peek(MAGIC_BYTES);
      if (!isCpio(head)) {
        const compression = reader === outer ? compressionOf(head) : undefined;
        if (compression === undefined)
          throw new Error('it is neither an archive nor compressed by a way that is known');
        // What the kernel might find behind a compressed archive is taken for a part of it.
        reader = new ByteReader(decompressed(compression, outer.rest(), signal));
        continue;
      }
      for await (const name of cpioNames(reader)) {
        seen += 1;
        signal.throwIfAborted();
        if (seen > MOST_NAMES || reader.position > MOST_BYTES)
          throw new Error('it unpacks to more than any that boots');
        yield name;
      }
    }
    if (seen === 0) throw new Error('it is empty');
  } finally {
    await reader.close();
    await outer.close();
  }
}

/** `usr/lib/modules/6.1.0-18-amd64/kernel/drivers/hv/hv_vmbus.ko.xz` → `hv_vmbus`; undefined for another kernel's. */
export function moduleOf(path: string, kernel: string): string | undefined {
  const parts = path.split('/');
  const at = parts.indexOf('modules');
  if (parts[at - 1] !== 'lib' || parts[at + 1] !== kernel) return undefined;
  const file = parts.at(-1) ?? '';
  return file.length > LONGEST_PART ? undefined : moduleFile(file);
}

/** `hv-x.ko.zst` → `hv_x`; undefined for what is no module. */
export function moduleFile(name: string): string | undefined {
  const bare = name.replace(/\.(gz|xz|zst|bz2)$/, '');
  return bare.length > 3 && bare.endsWith('.ko') ? moduleName(bare.slice(0, -3)) : undefined;
}

/** The kernel takes both signs for the same: modprobe(8). */
export const moduleName = (name: string): string => name.replaceAll('-', '_');
