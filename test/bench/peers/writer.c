/*
 * One writer per file system: 512 bytes in place about every 0.3 ms, and how long the longest single write took.
 *
 *   writer MOUNT...      and then, line by line on stdin:
 *   reset                forgets everything seen so far          -> {}
 *   report               the longest write since, a mount each   -> {"mounts":[{"longestMs":…,"atMs":…,"writes":…},…]}
 *   quit, or end of file
 *
 * A write that has not returned yet counts with the time it has been waiting. atMs (when it began) is CLOCK_MONOTONIC,
 * so it can be laid beside the steps of whoever froze.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_MOUNTS 64
#define PAUSE_NS 300000
#define SIZE 512

struct writer {
	pthread_mutex_t lock;
	int fd;
	int64_t reset_ns, began_ns, longest_ns, longest_at_ns, writes; /* began_ns: 0 between two writes */
};

static struct writer writers[MAX_MOUNTS];

static int64_t now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Called with the lock held. A write that began before the reset belongs to whatever happened before it. */
static void note(struct writer *w, int64_t ended_ns) {
	if (w->began_ns < w->reset_ns || ended_ns - w->began_ns <= w->longest_ns) return;
	w->longest_ns = ended_ns - w->began_ns;
	w->longest_at_ns = w->began_ns;
}

static void *write_on(void *arg) {
	struct writer *w = arg;
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	char block[SIZE];
	memset(block, 'w', sizeof block);

	for (;;) {
		pthread_mutex_lock(&w->lock);
		w->began_ns = now_ns();
		pthread_mutex_unlock(&w->lock);

		if (pwrite(w->fd, block, sizeof block, 0) != sizeof block) {
			perror("writer: pwrite");
			_exit(1);
		}
		int64_t ended = now_ns();

		pthread_mutex_lock(&w->lock);
		note(w, ended);
		w->writes += w->began_ns >= w->reset_ns;
		w->began_ns = 0;
		pthread_mutex_unlock(&w->lock);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void reset(struct writer *w) {
	pthread_mutex_lock(&w->lock);
	w->reset_ns = now_ns();
	w->longest_ns = w->longest_at_ns = w->writes = 0;
	pthread_mutex_unlock(&w->lock);
}

static void report(struct writer *w) {
	pthread_mutex_lock(&w->lock);
	if (w->began_ns != 0) note(w, now_ns());
	printf("{\"longestMs\":%.3f,\"atMs\":%.3f,\"writes\":%lld}", w->longest_ns / 1e6, w->longest_at_ns / 1e6,
	       (long long)w->writes);
	pthread_mutex_unlock(&w->lock);
}

static void start(struct writer *w, const char *mount) {
	char path[4096];
	pthread_t thread;
	snprintf(path, sizeof path, "%s/writer.dat", mount);
	w->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (w->fd < 0) {
		perror(path);
		exit(1);
	}
	pthread_mutex_init(&w->lock, NULL);
	if (pthread_create(&thread, NULL, write_on, w) != 0) exit(1);
}

int main(int argc, char **argv) {
	char line[64];
	int count = argc - 1;
	if (count < 1 || count > MAX_MOUNTS) {
		fprintf(stderr, "usage: writer MOUNT... (at most %d)\n", MAX_MOUNTS);
		return 2;
	}
	for (int i = 0; i < count; i++) start(&writers[i], argv[i + 1]);

	while (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "quit\n") != 0) {
		int wanted = strcmp(line, "report\n") == 0;
		printf(wanted ? "{\"mounts\":[" : "{");
		for (int i = 0; i < count; i++) {
			if (wanted && i > 0) printf(",");
			wanted ? report(&writers[i]) : reset(&writers[i]);
		}
		printf(wanted ? "]}\n" : "}\n");
		fflush(stdout);
	}
	_exit(0); /* not exit(): a thread may be blocked in a write */
}
