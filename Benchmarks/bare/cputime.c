/* The processor time of work, without what it takes to get there: cputime ROUNDS WORK EMPTY [WORK EMPTY ...].
   WORK and EMPTY are commands, split at spaces; EMPTY does the same as WORK except for the work. All are
   run in turn, ROUNDS times after a warm-up. Each must end with status 33, which is how QEMU
   says that a guest wrote 16 to its exit port. Prints for each pair one line: the median difference in seconds of user
   and system time, and the median difference in wall time. */
#include "commands.h"

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 0, count = argc - 2;
  if (rounds < 1 || count < 2 || count > MAX_COMMANDS || count % 2) return 64;
  char *words[MAX_COMMANDS][MAX_WORDS];
  double *cpu[MAX_COMMANDS], *wall[MAX_COMMANDS];
  for (int i = 0; i < count; i++) {
    split(argv[2 + i], words[i]);
    cpu[i] = calloc(rounds, sizeof(double));
    wall[i] = calloc(rounds, sizeof(double));
  }
  for (int round = -1; round < rounds; round++)
    for (int i = 0; i < count; i++) {
      struct run result = run_expecting(words[i], 33);
      if (round < 0) continue;
      cpu[i][round] = result.cpu;
      wall[i][round] = result.wall;
    }
  for (int i = 0; i < count; i += 2)
    printf("%.6f %.6f\n", median(cpu[i], rounds) - median(cpu[i + 1], rounds),
           median(wall[i], rounds) - median(wall[i + 1], rounds));
  return 0;
}
