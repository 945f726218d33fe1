/** One line of fstab(5). */
export interface FstabEntry {
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Total: a line that mount(8) would refuse is left out. */
export const parseFstab = (text: string): readonly FstabEntry[] =>
  text.split('\n').flatMap((line) => {
    const [device, mountPoint, type, options] = line.split(/[ \t]+/).filter((field) => field !== '');
    if (device === undefined || device.startsWith('#') || mountPoint === undefined || type === undefined) return [];
    return [
      {
        device: unescapeOctal(device),
        mountPoint: unescapeOctal(mountPoint),
        type,
        options: (options ?? 'defaults').split(',').filter((option) => option !== ''),
      },
    ];
  });

/** Blanks of a name are written as octal digits: getmntent(3). */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
