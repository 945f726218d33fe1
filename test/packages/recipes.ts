/** What is in a root folder, of which nothing ever boots. */
export interface Recipe {
  /** Of Debian, by its name there. */
  readonly suite: string;
  readonly packages: readonly string[];
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

/** Beside bookworm, on which everything else is tried: the newest that is stable, or all of them. */
export const RELEASES: readonly Recipe[] =
  process.env.QUIESCED_LONG === '1' ? ['bullseye', 'trixie', 'forky', 'sid'].map(release) : [release('trixie')];

/** What `test:releases` needs. */
export const FOR_RELEASES: readonly Recipe[] = [INITRAMFS_TOOLS, DRACUT, ...RELEASES];
