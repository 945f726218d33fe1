import type { ByteReader } from './byte-reader.ts';

/** PATH_MAX of Linux, with the zero at its end. */
const LONGEST_NAME = 4096;
const HEADER = 110;
/** "newc", and the same with a checksum that the kernel reads too: initramfs buffer format. */
const MAGIC = /^07070[12]/;

export const isCpio = (head: Buffer): boolean => MAGIC.test(head.toString('latin1', 0, 6));

/**
 * The names in one archive, up to its trailer; what the files hold is passed over. Throws for what the kernel would not
 * unpack: another magic, a field that is no number, a name that is too long, an end before the trailer.
 */
export async function* cpioNames(reader: ByteReader): AsyncGenerator<string> {
  const start = reader.position;
  for (;;) {
    const at = reader.position;
    const header = (await reader.take(HEADER)).toString('latin1');
    if (!MAGIC.test(header)) throw new Error(`there is no archive header at byte ${at}`);
    const fileSize = fieldOf(header, 6, at);
    const nameSize = fieldOf(header, 11, at);
    if (nameSize === 0 || nameSize > LONGEST_NAME) throw new Error(`a name of ${nameSize} bytes at byte ${at}`);
    const name = (await reader.take(nameSize)).toString('utf8', 0, nameSize - 1);
    await reader.skip(padding(reader.position - start));
    if (name === 'TRAILER!!!') return;
    await reader.skip(fileSize);
    await reader.skip(padding(reader.position - start));
    yield name;
  }
}

/** Thirteen fields of eight hexadecimal digits follow the magic. */
function fieldOf(header: string, index: number, at: number): number {
  const digits = header.slice(6 + 8 * index, 14 + 8 * index);
  if (!/^[0-9a-f]{8}$/i.test(digits)) throw new Error(`a header with a broken number at byte ${at}`);
  return Number.parseInt(digits, 16);
}

/** Names and contents end at a multiple of four, counted from the archive's first byte. */
const padding = (length: number): number => (4 - (length % 4)) % 4;
