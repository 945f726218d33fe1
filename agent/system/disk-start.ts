import { open } from 'node:fs/promises';
import { errnoOf } from '../errors.ts';

/** The part of `System` that reads disks below their file systems; only Windows has it. */
export interface Disks {
  /**
   * The first bytes of the disk with this number, `\\.\PhysicalDriveN`, in which its table of partitions is; undefined
   * where there is no such disk. Needs an administrator: throws otherwise.
   */
  start(number: number): Promise<Buffer | undefined>;
}

/** Two GPT headers' worth for sectors of 512 and of 4,096 bytes. Disks are read by whole sectors only. */
export const DISK_START_BYTES = 64 * 1024;

export const physicalDrives: Disks = {
  async start(number) {
    try {
      const disk = await open(`\\\\.\\PhysicalDrive${number}`, 'r');
      try {
        const { buffer, bytesRead } = await disk.read(Buffer.alloc(DISK_START_BYTES), 0, DISK_START_BYTES, 0);
        return buffer.subarray(0, bytesRead);
      } finally {
        await disk.close();
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
};
