/* Runs commands in turn and compares their wall time per exit: runs RUNS EXITS NAME COMMAND [NAME COMMAND ...].
   A command is split at spaces; the first round is a warm-up. Prints minimum and median of (time of the run)
   / EXITS in nanoseconds and the ratio of the medians to the first command. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 8, MAX_WORDS = 48 };

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double run(char **words) {
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
  int status;
  waitpid(child, &status, 0);
  clock_gettime(CLOCK_MONOTONIC, &to);
  if (status != 0) { fprintf(stderr, "%s ended with status %#x\n", words[0], status); exit(1); }
  return (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
}

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[1]) : 0, count = (argc - 3) / 2;
  double exits = argc > 2 ? atof(argv[2]) : 0, base = 0;
  if (rounds < 1 || exits < 1 || count < 1 || count > MAX_COMMANDS || argc % 2 == 0) return 64;
  char *words[MAX_COMMANDS][MAX_WORDS] = {0};
  double *times[MAX_COMMANDS];
  for (int i = 0; i < count; i++) {
    int n = 0;
    for (char *w = strtok(argv[4 + 2 * i], " "); w && n < MAX_WORDS - 1; w = strtok(NULL, " ")) words[i][n++] = w;
    times[i] = calloc(rounds, sizeof(double));
  }
  for (int round = -1; round < rounds; round++)
    for (int i = 0; i < count; i++) {
      double t = run(words[i]);
      if (round >= 0) times[i][round] = t / exits;
    }
  for (int i = 0; i < count; i++) {
    qsort(times[i], rounds, sizeof(double), ascending);
    double median = times[i][rounds / 2];
    if (i == 0) base = median;
    printf("  %-26s %9.0f %9.0f %9.2f\n", argv[3 + 2 * i], times[i][0], median, median / base);
  }
  return 0;
}
