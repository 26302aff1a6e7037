/* Starts commands in turn and measures each from fork to the first byte it writes, to its end, and its
   peak memory: stopwatch RUNS NAME COMMAND [NAME COMMAND ...]. A command is split at spaces. The
   first round is a warm-up. Prints a table of minimum and median, and the ratios to the first. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 8, MAX_WORDS = 48 };

struct command {
  char *name, *words[MAX_WORDS];
  double *first, *whole;
  long peak;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void measure(struct command *c, int run) {
  int ends[2];
  if (pipe(ends) != 0) { perror("pipe"); exit(1); }
  double start = now();
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    execvp(c->words[0], c->words);
    perror(c->words[0]);
    _exit(127);
  }
  close(ends[1]);
  char byte;
  ssize_t got = read(ends[0], &byte, 1);
  double first = now() - start;
  struct rusage usage;
  int status;
  wait4(child, &status, 0, &usage);
  double whole = now() - start;
  close(ends[0]);
  if (got != 1) {
    fprintf(stderr, "%s wrote nothing (status %#x)\n", c->name, status);
    exit(1);
  }
  if (run < 0) return;
  c->first[run] = first;
  c->whole[run] = whole;
  if (usage.ru_maxrss > c->peak) c->peak = usage.ru_maxrss;
}

int main(int argc, char **argv) {
  int runs = argc > 1 ? atoi(argv[1]) : 0, count = (argc - 2) / 2;
  if (runs < 1 || count < 1 || count > MAX_COMMANDS || argc % 2) {
    fprintf(stderr, "usage: stopwatch RUNS NAME COMMAND [NAME COMMAND ...]\n");
    return 64;
  }
  struct command commands[MAX_COMMANDS] = {0};
  for (int i = 0; i < count; i++) {
    struct command *c = &commands[i];
    c->name = argv[2 + 2 * i];
    c->first = calloc(runs, sizeof(double));
    c->whole = calloc(runs, sizeof(double));
    int n = 0;
    for (char *w = strtok(argv[3 + 2 * i], " "); w && n < MAX_WORDS - 1; w = strtok(NULL, " ")) c->words[n++] = w;
  }
  for (int run = -1; run < runs; run++)
    for (int i = 0; i < count; i++) measure(&commands[i], run);

  printf("%-28s %10s %10s %10s %12s %8s\n", "", "first exit", "", "whole run", "peak memory", "ratio of");
  printf("%-28s %10s %10s %10s %12s %8s\n", "", "min ms", "median ms", "median ms", "KiB", "medians");
  double base = 0;
  for (int i = 0; i < count; i++) {
    struct command *c = &commands[i];
    qsort(c->first, runs, sizeof(double), ascending);
    qsort(c->whole, runs, sizeof(double), ascending);
    double median = c->first[runs / 2];
    if (i == 0) base = median;
    printf("%-28s %10.2f %10.2f %10.2f %12ld %8.2f\n", c->name, c->first[0], median, c->whole[runs / 2], c->peak,
           median / base);
  }
  return 0;
}
