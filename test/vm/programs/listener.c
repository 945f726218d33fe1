/*
 * A permission listener, as fapolicyd and virus scanners are: whoever opens or runs a file on the marked file system
 * waits until it has answered, and before it answers it writes a line to its log.
 *
 *   listener MOUNT-POINT LOG [FIGURES]
 *
 * FIGURES, in a tmpfs, holds two numbers after each answer: how many there were, and the longest write to the log in ms.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { FIGURES = 64 };

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void must(int done, const char *what) {
  if (done) return;
  perror(what);
  exit(1);
}

static char *figures_in(const char *path) {
  static char nowhere[FIGURES];
  if (!path) return nowhere;
  int fd = open(path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0644);
  must(fd >= 0 && ftruncate(fd, FIGURES) == 0, path);
  char *text = mmap(NULL, FIGURES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  must(text != MAP_FAILED, path);
  return text;
}

int main(int count, char **arguments) {
  must(count >= 3, "listener MOUNT-POINT LOG [FIGURES]");
  int log = open(arguments[2], O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  must(log >= 0, arguments[2]);
  char *figures = figures_in(arguments[3]);
  int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_UNLIMITED_QUEUE, O_RDONLY | O_LARGEFILE | O_CLOEXEC);
  must(group >= 0, "fanotify_init");
  uint64_t asked = FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM;
  must(fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, asked, AT_FDCWD, arguments[1]) == 0, "fanotify_mark");
  int64_t answers = 0, longest_us = 0;
  for (;;) {
    static char events[8192] __attribute__((aligned(8)));
    ssize_t length = read(group, events, sizeof events);
    must(length > 0 || errno == EINTR, "read");
    struct fanotify_event_metadata *event = (void *)events;
    for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
      if (event->fd < 0) continue;
      char line[64];
      int n = snprintf(line, sizeof line, "%lld open by %d\n", (long long)now_us(), event->pid);
      int64_t began_us = now_us();
      /* Here it hangs while its log is frozen, and with it everybody who opens anything there. */
      must(write(log, line, n) == n, "the log");
      if (now_us() - began_us > longest_us) longest_us = now_us() - began_us;
      struct fanotify_response answer = {.fd = event->fd, .response = FAN_ALLOW};
      must(write(group, &answer, sizeof answer) == sizeof answer, "the answer");
      close(event->fd);
      snprintf(figures, FIGURES, "%lld %.3f\n", (long long)++answers, longest_us / 1e3);
    }
  }
}
