/*
 * An application that writes all the time: data, a file made, renamed and removed, and now and then to disk.
 *
 *   writer FOLDER FIGURES
 *
 * FIGURES, in a tmpfs, holds two numbers after each step: how many there were, and the longest in ms. SIGUSR1: the
 * longest begins anew. Every 50 steps it prints a line, which waits where journald is held. Ends with its complaint
 * when a step fails.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, BLOCKS = 1024, FIGURES = 64, PAUSE_US = 5000 };

static volatile sig_atomic_t forget;

static void on_usr1(int signal_number) {
  (void)signal_number;
  forget = 1;
}

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

static void step(int fd, int64_t count) {
  char block[BLOCK];
  memset(block, 'a' + count % 26, sizeof block);
  must(pwrite(fd, block, sizeof block, count % BLOCKS * BLOCK) == sizeof block, "pwrite");
  if (count % 16 == 0) {
    int made = open("made", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    must(made >= 0, "open");
    must(write(made, block, 100) == 100, "write");
    close(made);
    must(rename("made", "renamed") == 0, "rename");
    must(unlink("renamed") == 0, "unlink");
  }
  if (count % 64 == 0) must(fdatasync(fd) == 0, "fdatasync");
}

int main(int count, char **arguments) {
  must(count == 3, "writer FOLDER FIGURES");
  signal(SIGUSR1, on_usr1);
  int figures_fd = open(arguments[2], O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0644);
  must(figures_fd >= 0 && ftruncate(figures_fd, FIGURES) == 0, arguments[2]);
  char *figures = mmap(NULL, FIGURES, PROT_READ | PROT_WRITE, MAP_SHARED, figures_fd, 0);
  must(figures != MAP_FAILED && chdir(arguments[1]) == 0, arguments[1]);
  int fd = open("load", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  must(fd >= 0, "load");
  int64_t longest_us = 0;
  for (int64_t steps = 1;; steps++) {
    int64_t began_us = now_us();
    step(fd, steps);
    int64_t took_us = now_us() - began_us;
    if (forget) longest_us = forget = 0;
    else if (took_us > longest_us) longest_us = took_us;
    snprintf(figures, FIGURES, "%lld %.3f\n", (long long)steps, longest_us / 1e3);
    if (steps % 50 == 0) must(printf("step %lld\n", (long long)steps) > 0 && fflush(stdout) == 0, "print");
    usleep(PAUSE_US);
  }
}
