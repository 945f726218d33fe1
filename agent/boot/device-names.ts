/** A device as fstab, crypttab or a kernel line names it. */
export interface Named {
  readonly device: string;
}

/** The order in which the kernel finds disks, which another machine need not keep. */
export const isByOrder = ({ device }: Named): boolean =>
  /^\/dev\/((sd|vd|xvd|hd)[a-z]+\d*|nvme\d+n\d+(p\d+)?)$/.test(device);

/** Names of the disk itself, which is another one after a restore. */
export const isByDisk = ({ device }: Named): boolean =>
  /^\/dev\/disk\/by-(id\/(scsi|wwn|nvme|ata|virtio)-|path\/)/.test(device);

/** Its volume group, by either way of naming a volume; undefined for what is none. */
export function volumeGroupOf(device: string): string | undefined {
  const [, mapped, group] = /^\/dev\/(?:mapper\/(.+)|([^/]+)\/[^/]+)$/.exec(device) ?? [];
  if (mapped !== undefined) {
    // A dash within a name is written twice: dmsetup(8).
    const at = mapped.search(/[^-]-(?=[^-])/);
    return at < 0 ? undefined : mapped.slice(0, at + 1).replaceAll('--', '-');
  }
  return group === undefined || ['disk', 'md', 'block', 'loop'].includes(group) ? undefined : group;
}
