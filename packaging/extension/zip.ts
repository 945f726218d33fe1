import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  /** With `/` between folders. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly mode: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const DEFLATED = 8;
/** Names are UTF-8. */
const FLAGS = 0x0800;
const NEEDS = 20;
/** Made on Unix, so that the modes count: of version 2.0 of the format. */
const MADE_BY = (3 << 8) | NEEDS;

/**
 * A zip archive: PKWARE's APPNOTE, 4.3. Written here, and not by zip(1), which would put the order of the folder and the
 * clock into it: the same files make the same bytes on every machine.
 *
 * @param dateS seconds since 1970, which every entry bears; rounded to two.
 */
export function zip(entries: readonly ZipEntry[], dateS: number): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const packed = deflateRawSync(entry.bytes, { level: 9 });
    const common = commonHeader(entry, name, packed, dateS);
    const local = Buffer.concat([uint32(LOCAL), common, uint16(0), name, packed]);
    const about = [
      uint16(0),
      uint16(0),
      uint16(0),
      uint16(0),
      uint32(((0o100000 | entry.mode) << 16) >>> 0),
      uint32(at),
    ];
    directory.push(Buffer.concat([uint32(CENTRAL), uint16(MADE_BY), common, ...about, name]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const count = uint16(entries.length);
  const end = [uint32(END), uint16(0), uint16(0), count, count, uint32(central.length), uint32(at), uint16(0)];
  return Buffer.concat([...parts, central, ...end]);
}

/** From `version needed` to the length of the name; an extra field has no length but its own, which follows. */
function commonHeader({ bytes }: ZipEntry, name: Buffer, packed: Buffer, dateS: number): Buffer {
  const { time, day } = dosTime(dateS);
  return Buffer.concat([
    uint16(NEEDS),
    uint16(FLAGS),
    uint16(DEFLATED),
    uint16(time),
    uint16(day),
    uint32(crc32(bytes)),
    uint32(packed.length),
    uint32(bytes.length),
    uint16(name.length),
  ]);
}

/** Since 1980, to two seconds, of no time zone: UTC here. */
function dosTime(dateS: number): { readonly time: number; readonly day: number } {
  const date = new Date(dateS * 1000);
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  const day = ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  return { time, day };
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
