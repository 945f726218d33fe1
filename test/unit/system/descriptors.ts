/** Security descriptors of Windows, as the kernel gives them out: [MS-DTYP] 2.4.6. */
export interface Line {
  /** 0 lets, 1 denies; see [MS-DTYP] 2.4.4.1. */
  readonly type?: number;
  readonly flags?: number;
  readonly rights: number;
  readonly who: string;
}

export const FULL = 0x1f01ff;
export const READ = 0x1200a9;
export const SYSTEM = 'S-1-5-18';
export const EVERYONE = 'S-1-1-0';
export const ADMINISTRATORS = 'S-1-5-32-544';
export const USERS = 'S-1-5-32-545';
export const INSTALLER = 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464';
export const SOMEBODY = 'S-1-5-21-1-2-3-1001';

export function descriptor(owner: string | undefined, lines: readonly Line[] | undefined): Buffer {
  const sid = owner === undefined ? Buffer.alloc(0) : sidOf(owner);
  const list = lines === undefined ? Buffer.alloc(0) : listOf(lines);
  const header = Buffer.alloc(20);
  header[0] = 1;
  header.writeUInt16LE(0x8000 | (lines === undefined ? 0 : 4), 2);
  header.writeUInt32LE(owner === undefined ? 0 : 20, 4);
  header.writeUInt32LE(lines === undefined ? 0 : 20 + sid.length, 16);
  return Buffer.concat([header, sid, list]);
}

function listOf(lines: readonly Line[]): Buffer {
  const entries = lines.map(({ type = 0, flags = 0, rights, who }) => {
    const head = Buffer.alloc(8);
    const sid = sidOf(who);
    head[0] = type;
    head[1] = flags;
    head.writeUInt16LE(8 + sid.length, 2);
    head.writeUInt32LE(rights, 4);
    return Buffer.concat([head, sid]);
  });
  const body = Buffer.concat(entries);
  const head = Buffer.alloc(8);
  head[0] = 2;
  head.writeUInt16LE(8 + body.length, 2);
  head.writeUInt16LE(lines.length, 4);
  return Buffer.concat([head, body]);
}

function sidOf(text: string): Buffer {
  const [, , authority = '0', ...parts] = text.split('-');
  const bytes = Buffer.alloc(8 + 4 * parts.length);
  bytes[0] = 1;
  bytes[1] = parts.length;
  bytes.writeUIntBE(Number(authority), 2, 6);
  for (const [index, part] of parts.entries()) bytes.writeUInt32LE(Number(part), 8 + 4 * index);
  return bytes;
}
