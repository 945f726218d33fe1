/*
 * The hand of the tests inside the machine: runs commands and tells how long each file system has not let a write
 * through, over a virtio-serial port. It goes on answering while everything is frozen: it is static, lies in a tmpfs,
 * is locked in memory, opens nothing and waits for nobody.
 *
 *   agent PORT MOUNT-POINT...
 *
 * A line from the host                  what comes back
 *   run ID COMMAND (base64, for sh)       out ID BYTES (base64), any number; then exit ID CODE (128 + signal)
 *   kill ID                               the exit of it, unless the kernel holds it
 *   feel ID                               felt ID, then PATH BLOCKED-MS LONGEST-MS WRITES ERRNO for each mount point
 *   forget ID                             felt ..., after which the longest begins anew
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS = 32, MOUNTS = 16, LINE = 1 << 17, CHUNK = 1536 };

/* Shared with the process that feels: it may be stuck in the kernel when this is read. */
struct feeling {
  char path[128];
  volatile int64_t began_us; /* of the write under way, 0 between two */
  volatile int64_t longest_us;
  volatile int64_t writes;
  volatile int error;
};

struct command {
  char id[32];
  pid_t pid;
  int out;
  int ended; /* the exit code + 1, once it is known */
};

static int port;
static struct command commands[COMMANDS];
static struct feeling *feelings;
static int mounts;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void send_all(const char *bytes, size_t left) {
  while (left > 0) {
    ssize_t n = write(port, bytes, left);
    if (n > 0) {
      bytes += n;
      left -= n;
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0 && errno == EAGAIN) {
      struct pollfd p = {port, POLLOUT, 0};
      poll(&p, 1, 100);
      if (p.revents & POLLHUP) return; /* nobody listens */
    } else {
      return;
    }
  }
}

static void say(const char *format, ...) {
  static char text[4096];
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  send_all(text, n < (int)sizeof text ? n : (int)sizeof text - 1);
}

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(char *to, const unsigned char *bytes, int n) {
  for (int i = 0; i < n; i += 3) {
    unsigned v = bytes[i] << 16 | (i + 1 < n ? bytes[i + 1] << 8 : 0) | (i + 2 < n ? bytes[i + 2] : 0);
    *to++ = BASE64[v >> 18];
    *to++ = BASE64[v >> 12 & 63];
    *to++ = i + 1 < n ? BASE64[v >> 6 & 63] : '=';
    *to++ = i + 2 < n ? BASE64[v & 63] : '=';
  }
  *to = 0;
}

/* In place. */
static void decode(char *text) {
  char *to = text;
  unsigned v = 0, bits = 0;
  for (const char *at; *text && (at = strchr(BASE64, *text)); text++) {
    v = v << 6 | (unsigned)(at - BASE64);
    bits += 6;
    if (bits >= 8) *to++ = (char)(v >> (bits -= 8));
  }
  *to = 0;
}

/* Changes the times of the root folder of the file system again and again, which a frozen one does not let through.
 * O_PATH, because an open that a permission listener must allow could block for another reason. */
static void feel(struct feeling *it) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  mlockall(MCL_CURRENT | MCL_FUTURE);
  for (;;) {
    int fd = open(it->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    it->began_us = now_us();
    int failed = fd < 0 ? errno : utimensat(fd, "", NULL, AT_EMPTY_PATH) ? errno : 0;
    int64_t took = now_us() - it->began_us;
    it->began_us = 0;
    it->error = failed;
    it->writes += !failed;
    if (took > it->longest_us) it->longest_us = took;
    if (fd >= 0) close(fd);
    usleep(50000);
  }
}

static void felt(const char *id, int forget) {
  static char text[4096];
  int n = snprintf(text, sizeof text, "felt %s", id);
  for (int i = 0; i < mounts; i++) {
    struct feeling *it = &feelings[i];
    int64_t began = it->began_us, blocked = began ? now_us() - began : 0;
    int64_t longest = it->longest_us > blocked ? it->longest_us : blocked;
    n += snprintf(text + n, sizeof text - n, " %s %.3f %.3f %lld %d", it->path, blocked / 1e3, longest / 1e3,
                  (long long)it->writes, it->error);
    if (forget) it->longest_us = 0;
  }
  say("%s\n", text);
}

static void run(const char *id, char *text) {
  struct command *free_one = NULL;
  for (int i = 0; i < COMMANDS && !free_one; i++)
    if (!commands[i].pid) free_one = &commands[i];
  int ends[2];
  if (!free_one || pipe2(ends, O_CLOEXEC)) {
    say("exit %s 125\n", id);
    return;
  }
  decode(text);
  pid_t pid = fork();
  if (pid == 0) {
    int nothing = open("/dev/null", O_RDONLY);
    int score = open("/proc/self/oom_score_adj", O_WRONLY);
    /* Ours is the lowest; what is tested must not inherit that. */
    if (score < 0 || write(score, "0", 1) < 0) _exit(125);
    close(score);
    setsid();
    signal(SIGPIPE, SIG_DFL);
    dup2(nothing, 0);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    if (chdir("/")) _exit(125);
    execl("/bin/sh", "sh", "-c", text, NULL);
    _exit(127);
  }
  close(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  *free_one = (struct command){.pid = pid, .out = ends[0]};
  snprintf(free_one->id, sizeof free_one->id, "%s", id);
}

static int forward(struct command *it) {
  unsigned char bytes[CHUNK];
  char text[CHUNK * 2];
  ssize_t n = read(it->out, bytes, sizeof bytes);
  if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
  encode(text, bytes, n);
  say("out %s %s\n", it->id, text);
  return 1;
}

/* A background process may keep the output open: the end of the command itself is the end. */
static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    for (int i = 0; i < COMMANDS; i++)
      if (commands[i].pid == pid)
        commands[i].ended = 1 + (WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  for (int i = 0; i < COMMANDS; i++) {
    struct command *it = &commands[i];
    if (!it->pid || !it->ended) continue;
    while (it->out >= 0 && forward(it) > 0) continue;
    if (it->out >= 0) close(it->out);
    say("exit %s %d\n", it->id, it->ended - 1);
    it->pid = 0;
  }
}

static void obey(char *line) {
  char *rest = line;
  char *verb = strsep(&rest, " "), *id = strsep(&rest, " ");
  if (!id) return;
  if (!strcmp(verb, "run") && rest) run(id, rest);
  if (!strcmp(verb, "feel")) felt(id, 0);
  if (!strcmp(verb, "forget")) felt(id, 1);
  if (!strcmp(verb, "kill"))
    for (int i = 0; i < COMMANDS; i++)
      if (commands[i].pid && !strcmp(commands[i].id, id)) kill(-commands[i].pid, SIGKILL);
}

static void listen_to_port(void) {
  static char line[LINE];
  static size_t length;
  ssize_t n = read(port, line + length, sizeof line - 1 - length);
  if (n <= 0) {
    /* The host has left: what it had begun to say is not continued by the next one. */
    length = 0;
    usleep(20000);
    return;
  }
  length += n;
  line[length] = 0;
  char *start = line;
  for (char *end; (end = memchr(start, '\n', line + length - start)); start = end + 1) {
    *end = 0;
    obey(start);
  }
  length -= start - line;
  memmove(line, start, length);
  if (length == sizeof line - 1) length = 0;
}

static void on_child(int signal_number) { (void)signal_number; }

int main(int count, char **arguments) {
  if (count < 2 || (port = open(arguments[1], O_RDWR | O_CLOEXEC | O_NONBLOCK)) < 0) return 1;
  signal(SIGPIPE, SIG_IGN);
  struct sigaction child = {.sa_handler = on_child};
  sigaction(SIGCHLD, &child, NULL); /* ends the poll below */
  feelings = mmap(NULL, sizeof *feelings * MOUNTS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (mounts = 0; mounts < MOUNTS && arguments[2 + mounts]; mounts++) {
    snprintf(feelings[mounts].path, sizeof feelings[mounts].path, "%s", arguments[2 + mounts]);
    if (fork() == 0) feel(&feelings[mounts]);
  }
  mlockall(MCL_CURRENT | MCL_FUTURE);
  for (;;) {
    struct pollfd polled[COMMANDS + 1] = {{port, POLLIN, 0}};
    for (int i = 0; i < COMMANDS; i++) polled[i + 1] = (struct pollfd){commands[i].pid ? commands[i].out : -1, POLLIN, 0};
    poll(polled, COMMANDS + 1, 100);
    if (polled[0].revents) listen_to_port();
    for (int i = 0; i < COMMANDS; i++)
      if (commands[i].pid && polled[i + 1].revents && forward(&commands[i]) < 0) {
        /* Its output is closed, and it goes on. */
        close(commands[i].out);
        commands[i].out = -1;
      }
    reap();
  }
}
