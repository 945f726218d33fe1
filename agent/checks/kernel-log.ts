/** A line of the kernel's log that says that a disk or a file system is broken. */
export interface KernelTrouble {
  /** As the line names it: `sda`, `dm-0`, `sdb1`. */
  readonly device: string;
  readonly text: string;
}

/** As ext4, XFS, btrfs, f2fs, JBD2 and the block layer write them (Linux 3.10 to 6.18); each names its device first. */
const PATTERNS: readonly RegExp[] = [
  /^EXT[234]-fs error \(device ([\w-]+)\)/,
  /^EXT[234]-fs \(([\w-]+)\): (?:Remounting filesystem read-only|error count since last fsck)/,
  /^XFS \(([\w-]+)\): (?:Corruption|Metadata (?:corruption|CRC error)|metadata I\/O error|Internal error|[Ll]og I\/O [Ee]rror|I\/O Error Detected|.*[Ss]hut(?:ting)? ?down)/,
  /^BTRFS (?:error|critical) \(device ([\w-]+)/,
  /^F2FS-fs \(([\w-]+)\): (?:.*corrupt|.*inconsistent|Stopped filesystem)/,
  /^Aborting journal on device ([\w-]+?)(?:-\d+)?\./,
  /^(?:blk_update_request: |print_req_error: )?(?:critical (?:medium|target|nexus|space allocation) |I\/O )error, dev ([\w-]+)/,
  /^Buffer I\/O error on dev(?:ice)? ([\w-]+)/,
];

/** From what `dmesg` prints, with or without its times. */
export const parseKernelLog = (log: string): readonly KernelTrouble[] =>
  log.split('\n').flatMap((line) => {
    const text = line.replace(/^\[[^\]]*\] /, '').slice(0, 300);
    const device = PATTERNS.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined);
    return device === undefined ? [] : [{ device, text }];
  });
