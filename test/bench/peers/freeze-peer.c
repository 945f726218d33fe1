/*
 * Freezes and at once thaws loop-mounted file systems, the two ways that ours is compared with.
 *
 *   freeze-peer plain MOUNT...    FIFREEZE one after another, FITHAW in reverse: what most agents do
 *   freeze-peer tricks MOUNT...   syncfs first, rcu_expedited raised, a thread for each file system: the limit
 *   freeze-peer thaw MOUNT...     FITHAW only, whoever froze; for cleaning up
 *
 * Prints {"windowMs":…,"freezeMs":…,"beganMs":…}: first FIFREEZE begun to last FITHAW returned, to the last FIFREEZE
 * returned, and when it began on CLOCK_MONOTONIC. Refuses everything that is not on a loop device.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define MAX_MOUNTS 64
#define LOOP_MAJOR 7

struct target {
	const char *path;
	int fd, frozen;
	int64_t freeze_from, freeze_to, thaw_to;
};

static struct target targets[MAX_MOUNTS];
static int count, expedited_fd = -1;
static pthread_barrier_t step;

static int64_t now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void open_target(struct target *t, const char *path) {
	struct stat stat;
	t->path = path;
	t->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->fd < 0 || fstat(t->fd, &stat) != 0) {
		perror(path);
		exit(1);
	}
	if (major(stat.st_dev) != LOOP_MAJOR) {
		fprintf(stderr, "%s: not on a loop device, so it is not touched\n", path);
		exit(1);
	}
}

static void freeze(struct target *t) {
	t->freeze_from = now_ns();
	t->frozen = ioctl(t->fd, FIFREEZE, 0) == 0;
	t->freeze_to = now_ns();
	if (!t->frozen) perror(t->path);
}

static void thaw(struct target *t) {
	if (t->frozen && ioctl(t->fd, FITHAW, 0) != 0) perror(t->path);
	t->thaw_to = now_ns();
}

static void plain(void) {
	for (int i = 0; i < count; i++) freeze(&targets[i]);
	for (int i = count - 1; i >= 0; i--) thaw(&targets[i]);
}

static void *flush_freeze_thaw(void *arg) {
	struct target *t = arg;
	if (syncfs(t->fd) != 0) perror(t->path);
	pthread_barrier_wait(&step); /* all are flushed */
	pthread_barrier_wait(&step); /* rcu_expedited is raised */
	freeze(t);
	pthread_barrier_wait(&step); /* all are frozen */
	thaw(t);
	return NULL;
}

static void put_expedited(const char *value) {
	if (pwrite(expedited_fd, value, 1, 0) != 1) perror("rcu_expedited");
}

/* Never when somebody else has: whoever finds it raised and puts that back later leaves it raised for good. */
static void raise_expedited(void) {
	char before = 0;
	if (pread(expedited_fd, &before, 1, 0) != 1 || before != '0') {
		fprintf(stderr, "rcu_expedited: somebody else has raised it\n");
		exit(1); /* nothing is frozen yet */
	}
	put_expedited("1");
}

static void tricks(void) {
	pthread_t threads[MAX_MOUNTS];
	expedited_fd = open("/sys/kernel/rcu_expedited", O_RDWR | O_CLOEXEC);
	pthread_barrier_init(&step, NULL, count + 1);
	for (int i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, flush_freeze_thaw, &targets[i]) != 0) exit(1); /* nothing is frozen yet */
	}
	pthread_barrier_wait(&step);
	raise_expedited();
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
	put_expedited("0");
}

/* A file system may have been frozen through several descriptors, never more than once: FITHAW once is enough. */
static void thaw_whatever_is_frozen(void) {
	for (int i = 0; i < count; i++) ioctl(targets[i].fd, FITHAW, 0);
}

static int print_result(void) {
	int64_t from = INT64_MAX, frozen = 0, to = 0;
	for (int i = 0; i < count; i++) {
		if (!targets[i].frozen) return 1;
		if (targets[i].freeze_from < from) from = targets[i].freeze_from;
		if (targets[i].freeze_to > frozen) frozen = targets[i].freeze_to;
		if (targets[i].thaw_to > to) to = targets[i].thaw_to;
	}
	printf("{\"windowMs\":%.3f,\"freezeMs\":%.3f,\"beganMs\":%.3f}\n", (to - from) / 1e6, (frozen - from) / 1e6, from / 1e6);
	return 0;
}

int main(int argc, char **argv) {
	count = argc - 2;
	if (count < 1 || count > MAX_MOUNTS) {
		fprintf(stderr, "usage: freeze-peer plain|tricks|thaw MOUNT... (at most %d)\n", MAX_MOUNTS);
		return 2;
	}
	for (int i = 0; i < count; i++) open_target(&targets[i], argv[i + 2]);

	if (strcmp(argv[1], "thaw") == 0) return thaw_whatever_is_frozen(), 0;
	if (strcmp(argv[1], "plain") == 0) plain();
	else if (strcmp(argv[1], "tricks") == 0) tricks();
	else return fprintf(stderr, "unknown mode %s\n", argv[1]), 2;
	return print_result();
}
