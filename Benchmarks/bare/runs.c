/* Runs commands in turn and compares their wall time per exit: runs RUNS EXITS NAME COMMAND [NAME COMMAND ...].
   A command is split at spaces; the first round is a warm-up. Prints minimum and median of (time of the run)
   / EXITS in nanoseconds and the ratio of the medians to the first command. */
#include "commands.h"

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[1]) : 0, count = (argc - 3) / 2;
  double exits = argc > 2 ? atof(argv[2]) : 0, base = 0;
  if (rounds < 1 || exits < 1 || count < 1 || count > MAX_COMMANDS || argc % 2 == 0) return 64;
  char *words[MAX_COMMANDS][MAX_WORDS];
  double *times[MAX_COMMANDS];
  for (int i = 0; i < count; i++) {
    split(argv[4 + 2 * i], words[i]);
    times[i] = calloc(rounds, sizeof(double));
  }
  for (int round = -1; round < rounds; round++)
    for (int i = 0; i < count; i++) {
      double nanoseconds = run_expecting(words[i], 0).wall * 1e9;
      if (round >= 0) times[i][round] = nanoseconds / exits;
    }
  for (int i = 0; i < count; i++) {
    double middle = median(times[i], rounds);
    if (i == 0) base = middle;
    printf("  %-26s %9.0f %9.0f %9.2f\n", argv[3 + 2 * i], times[i][0], middle, middle / base);
  }
  return 0;
}
