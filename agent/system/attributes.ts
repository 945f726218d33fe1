import { loadNative } from './native.ts';

/** What a file has besides its owner and mode, that who may read it hangs on: acl(5), and SELinux's label. */
const NAMES = ['system.posix_acl_access', 'security.selinux'] as const;

/** XATTR_SIZE_MAX of linux/limits.h. */
const MOST_BYTES = 65_536;

/** Gives the file at `to` the access list and the label of the one at `from`, where it has them. Throws what was refused. */
export type CopyAttributes = (from: string, to: string) => void;

/** getxattr(2) and setxattr(2), which Node does not offer. */
export async function loadCopyAttributes(): Promise<CopyAttributes> {
  const { koffi, library } = await loadNative();
  const getxattr = library.func('long getxattr(const char *path, const char *name, void *value, ulong size)');
  const setxattr = library.func('int setxattr(const char *path, const char *name, void *value, ulong size, int flags)');
  const { ENODATA, EOPNOTSUPP } = koffi.os.errno;
  const failed = (what: string, path: string): Error => {
    const errno = koffi.errno();
    const code = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `error ${errno}`;
    return Object.assign(new Error(`${what} of ${path}: ${code}`), { code });
  };
  return (from, to) => {
    for (const name of NAMES) {
      const value = Buffer.alloc(MOST_BYTES);
      const size = Number(getxattr(from, name, value, value.length));
      if (size < 0) {
        // There is none, or this file system knows of none.
        if ([ENODATA, EOPNOTSUPP].includes(koffi.errno())) continue;
        throw failed(name, from);
      }
      if (setxattr(to, name, value, size, 0) !== 0) throw failed(name, to);
    }
  };
}
