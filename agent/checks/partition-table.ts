/** How a disk is divided, as its first sectors tell. */
export interface PartitionTable {
  readonly style: 'mbr' | 'gpt';
  /** GPT: GUIDs, upper case; MBR: two hexadecimal digits, `42`. Of those that are in use. */
  readonly types: readonly string[];
  /** GPT: up to the last sector that may be used; MBR: up to the end of the last partition, by sectors of 512 bytes. */
  readonly sizeBytes: number;
}

export const GPT_TYPES = {
  efiSystem: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  ldmMetadata: '5808C8AA-7E8F-42E0-85D2-E1E90434CFB3',
  ldmData: 'AF9B60A0-1431-4F62-BC68-3311714A69AD',
  storageSpaces: 'E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D',
} as const;
/** In an MBR: of the logical disk manager, and of the one partition by which a GPT protects itself. */
export const MBR_TYPES = { ldm: '42', protective: 'ee' } as const;

const SIGNATURE_AT = 510;
const ENTRIES_AT = 446;
const SECTORS = [512, 4096];

/** "GUID Partition Table", UEFI specification 2.10, chapter 5; undefined where there is neither table. Never throws. */
export function parsePartitionTable(start: Buffer): PartitionTable | undefined {
  if (start.length < 512 || start.readUInt16LE(SIGNATURE_AT) !== 0xaa55) return undefined;
  const used = [0, 1, 2, 3].map((entry) => ENTRIES_AT + entry * 16).filter((at) => start.readUInt8(at + 4) !== 0);
  const types = used.map((at) =>
    start
      .readUInt8(at + 4)
      .toString(16)
      .padStart(2, '0'),
  );
  if (!types.includes(MBR_TYPES.protective)) {
    const ends = used.map((at) => start.readUInt32LE(at + 8) + start.readUInt32LE(at + 12));
    return { style: 'mbr', types, sizeBytes: Math.max(0, ...ends) * 512 };
  }
  const sector = SECTORS.find((bytes) => start.toString('latin1', bytes, bytes + 8) === 'EFI PART');
  return sector === undefined ? undefined : gptOf(start, sector);
}

function gptOf(start: Buffer, sector: number): PartitionTable | undefined {
  if (start.length < sector + 92) return undefined;
  const first = Number(start.readBigUInt64LE(sector + 72)) * sector;
  const [count, size] = [start.readUInt32LE(sector + 80), start.readUInt32LE(sector + 84)];
  if (size < 128) return undefined;
  const types: string[] = [];
  for (let entry = 0; entry < count; entry++) {
    const at = first + entry * size;
    if (!(at + 16 <= start.length)) break;
    const type = guidAt(start, at);
    if (!/^[0-]+$/.test(type)) types.push(type);
  }
  return { style: 'gpt', types, sizeBytes: (Number(start.readBigUInt64LE(sector + 48)) + 1) * sector };
}

/** The first three parts have their least byte first. */
function guidAt(bytes: Buffer, at: number): string {
  const hex = (from: number, to: number) => bytes.toString('hex', at + from, at + to);
  const turned = (from: number, to: number) =>
    Buffer.from(bytes.subarray(at + from, at + to))
      .reverse()
      .toString('hex');
  return [turned(0, 4), turned(4, 6), turned(6, 8), hex(8, 10), hex(10, 16)].join('-').toUpperCase();
}
