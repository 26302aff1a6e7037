/* The processor time of work, without what it takes to get there: cputime ROUNDS WORK EMPTY [WORK EMPTY ...].
   WORK and EMPTY are commands, split at spaces; EMPTY does the same as WORK except for the work. All are
   run in turn, ROUNDS times after a warm-up. Each must end with status 33, which is how QEMU
   says that a guest wrote 16 to its exit port. Prints for each pair one line: the median difference in seconds of user
   and system time, and the median difference in wall time. */
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

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double median(double *values, int count) {
  qsort(values, count, sizeof(double), ascending);
  return values[count / 2];
}

static void run(char **words, double *cpu, double *wall) {
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
  struct rusage usage;
  wait4(child, &status, 0, &usage);
  clock_gettime(CLOCK_MONOTONIC, &to);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 33) {
    fprintf(stderr, "%s ended with status %#x\n", words[0], status);
    exit(1);
  }
  *cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  *wall = to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 0, count = argc - 2;
  if (rounds < 1 || count < 2 || count > MAX_COMMANDS || count % 2) return 64;
  char *words[MAX_COMMANDS][MAX_WORDS] = {0};
  double *cpu[MAX_COMMANDS], *wall[MAX_COMMANDS];
  for (int i = 0; i < count; i++) {
    int n = 0;
    for (char *w = strtok(argv[2 + i], " "); w && n < MAX_WORDS - 1; w = strtok(NULL, " ")) words[i][n++] = w;
    cpu[i] = calloc(rounds, sizeof(double));
    wall[i] = calloc(rounds, sizeof(double));
  }
  for (int round = -1; round < rounds; round++)
    for (int i = 0; i < count; i++) {
      int slot = round < 0 ? 0 : round;
      run(words[i], &cpu[i][slot], &wall[i][slot]);
    }
  for (int i = 0; i < count; i += 2)
    printf("%.6f %.6f\n", median(cpu[i], rounds) - median(cpu[i + 1], rounds),
           median(wall[i], rounds) - median(wall[i + 1], rounds));
  return 0;
}
