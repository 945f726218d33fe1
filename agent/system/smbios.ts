import type { System } from './system.ts';

/** The firmware's tables as they are: mssmbios.sys keeps a copy. */
export const SMBIOS = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\mssmbios\\Data\\SMBiosData';

/** Before the tables: method, version in three bytes, length of the tables (RawSMBIOSData of winbase). */
const HEADER_BYTES = 8;
const SYSTEM_INFORMATION = 1;
const UUID_AT = 8;
const UUID_BYTES = 16;

/** The number of the machine in its firmware, as Linux writes it; undefined where there is none. */
export async function smbiosUuid(system: System): Promise<string | undefined> {
  const value = await system.registry?.read(SMBIOS);
  return value?.type === 'binary' ? parseSmbiosUuid(Buffer.from(value.data, 'hex')) : undefined;
}

/**
 * DMTF DSP0134: structures of a type and a length, each followed by its texts, which two zeros end. The UUID of type 1 has
 * its first three fields in little-endian order (7.2.1). All zeros or all ones are none. Never throws.
 */
export function parseSmbiosUuid(data: Buffer): string | undefined {
  for (let at = HEADER_BYTES; at + 4 <= data.length; ) {
    const [type, length = 0] = data.subarray(at, at + 2);
    if (length < 4) return undefined;
    const end = at + UUID_AT + UUID_BYTES;
    if (type === SYSTEM_INFORMATION) {
      return length >= UUID_AT + UUID_BYTES && end <= data.length
        ? uuidText(data.subarray(end - UUID_BYTES, end))
        : undefined;
    }
    const texts = data.indexOf('\0\0', at + length);
    if (texts < 0) return undefined;
    at = texts + 2;
  }
  return undefined;
}

function uuidText(bytes: Buffer): string | undefined {
  if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff)) return undefined;
  const hex = (from: number, to: number) => bytes.subarray(from, to).toString('hex');
  const swapped = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).reverse().toString('hex');
  return [swapped(0, 4), swapped(4, 6), swapped(6, 8), hex(8, 10), hex(10, 16)].join('-');
}
