/* Commands that are run and measured as a whole, for the programs that compare them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 16, MAX_WORDS = 64 };

/* What one run took, in seconds; status is as wait(2) gives it. */
struct run {
  int status;
  double wall, cpu;
};

static inline double seconds(struct timeval time) { return time.tv_sec + time.tv_usec / 1e6; }

/* Splits a command at its spaces, in place. */
static inline void split(char *command, char *words[MAX_WORDS]) {
  int n = 0;
  for (char *word = strtok(command, " "); word && n < MAX_WORDS - 1; word = strtok(NULL, " ")) words[n++] = word;
  words[n] = NULL;
}

/* Runs a command to its end, without input and output. */
static inline struct run run(char *words[MAX_WORDS]) {
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    execvp(words[0], words);
    _exit(127);
  }
  struct run result;
  struct rusage usage;
  wait4(child, &result.status, 0, &usage);
  clock_gettime(CLOCK_MONOTONIC, &to);
  result.wall = to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
  result.cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return result;
}

/* The same; ends the program where the command does not end with this status. */
static inline struct run run_expecting(char *words[MAX_WORDS], int status) {
  struct run result = run(words);
  if (!WIFEXITED(result.status) || WEXITSTATUS(result.status) != status) {
    fprintf(stderr, "%s ended with status %#x\n", words[0], result.status);
    exit(1);
  }
  return result;
}

static inline int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Sorts the values; the one in the middle. */
static inline double median(double *values, int count) {
  qsort(values, count, sizeof(double), ascending);
  return values[count / 2];
}
