/*
 * Runs a program in a mount namespace of its own in which there is nothing to freeze but the loop-mounted file systems
 * that are named. For qemu-guest-agent, which thaws (and without a list also freezes) every mount that it can see.
 *
 *   nest ROOT MOUNT... -- PROGRAM ARG...
 *
 * ROOT is a mounted tmpfs that holds the program and its libraries. The mounts appear as /m0, /m1 …; the old root is
 * detached before the program starts, so also `/` and whatever others have mounted is out of its reach.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOOP_MAJOR 7

static void must(int result, const char *what) {
	if (result == 0) return;
	perror(what);
	exit(1);
}

static void bind(const char *root, int index, const char *mount_point) {
	char to[4096];
	struct stat stat_of;
	must(stat(mount_point, &stat_of), mount_point);
	if (major(stat_of.st_dev) != LOOP_MAJOR) {
		fprintf(stderr, "%s: not on a loop device, so it is not touched\n", mount_point);
		exit(1);
	}
	snprintf(to, sizeof to, "%s/m%d", root, index);
	must(mkdir(to, 0755), to);
	must(mount(mount_point, to, NULL, MS_BIND, NULL), to);
}

int main(int argc, char **argv) {
	if (argc < 5) {
		fprintf(stderr, "usage: nest ROOT MOUNT... -- PROGRAM ARG...\n");
		return 2;
	}
	const char *root = argv[1];
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");

	int i = 2;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) bind(root, i - 2, argv[i]);
	if (i + 1 >= argc) return 2;

	must(chdir(root), root);
	must(mkdir("proc", 0755), "proc");
	must(mount("proc", "proc", "proc", 0, NULL), "proc");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root"); /* the old root lies on top now: pivot_root(2), notes */
	must(umount2(".", MNT_DETACH), "detach the old root");
	must(chdir("/"), "/");
	execv(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 1;
}
