/** What is in a root folder, of which nothing ever boots. */
export interface Recipe {
  /** Of Debian, by its name there. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** Also from a mirror that has not been renewed for longer than its lists are meant to last. */
  readonly stale?: true;
}

/** With systemd's files, and what looks at a package: manuals, shells, a checker. */
export const FOR_PACKAGES: Recipe = {
  suite: 'bookworm',
  packages: ['systemd', 'man-db', 'bash-completion', 'zsh', 'fish', 'shellcheck', 'libstdc++6'],
};

const KERNEL = ['linux-image-cloud-amd64', 'kmod', 'cpio', 'zstd', 'libstdc++6'];
export const INITRAMFS_TOOLS: Recipe = {
  suite: 'bookworm',
  packages: [...KERNEL, 'initramfs-tools', 'grub2-common', 'grub-common'],
};
export const DRACUT: Recipe = { suite: 'bookworm', packages: [...KERNEL, 'dracut'] };

/** What a machine has at least. */
const release = (suite: string): Recipe => ({ suite, packages: ['systemd', 'libstdc++6'] });

/** Renewed several times a day, which not every mirror follows. */
const toCome = (suite: string): Recipe => ({ ...release(suite), stale: true });

/** Beside bookworm, on which everything else is tried: the newest that is stable, or all of them. */
export const RELEASES: readonly Recipe[] =
  process.env.QUIESCED_LONG === '1'
    ? [release('bullseye'), release('trixie'), toCome('forky'), toCome('sid')]
    : [release('trixie')];

/** What `test:releases` needs. */
export const FOR_RELEASES: readonly Recipe[] = [INITRAMFS_TOOLS, DRACUT, ...RELEASES];
