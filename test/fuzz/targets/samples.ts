/** As a kernel of today writes it: a machine with LVM, a btrfs volume, network mounts and a bind mount with blanks. */
export const MOUNTINFO = `22 1 253:0 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw,errors=remount-ro
23 22 0:21 / /proc rw,nosuid,nodev,noexec shared:14 - proc proc rw
24 22 0:22 / /sys rw,nosuid,nodev,noexec shared:7 - sysfs sysfs rw
25 24 0:23 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
26 24 0:24 / /sys/fs/cgroup/freezer rw,nosuid shared:10 - cgroup cgroup rw,freezer
30 22 8:2 / /boot rw,relatime shared:2 - xfs /dev/sda2 rw,attr2,inode64
31 22 0:41 /@home /home rw,noatime shared:3 master:4 - btrfs /dev/sdb1 rw,space_cache=v2,subvolid=257,subvol=/@home
32 22 0:50 / /mnt/nas rw shared:5 - nfs4 nas:/export rw,vers=4.2
33 22 253:0 /srv/my\\040files /srv/www ro,relatime - ext4 /dev/mapper/vg-root rw
34 22 0:52 / /misc rw shared:6 - autofs /etc/auto.misc rw,fd=7,pgrp=1,timeout=300
35 22 7:3 / /snap/core\\0119 ro shared:8 - squashfs /dev/loop3 ro
`;
