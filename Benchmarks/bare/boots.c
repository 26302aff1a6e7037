/* The wall and processor time of commands that end by themselves, each once: boots NAME COMMAND [NAME COMMAND
   ...]. A command is split at spaces. Prints a line each, with the ratio of processor times to the last. */
#include "commands.h"

int main(int argc, char **argv) {
  int count = (argc - 1) / 2;
  struct run runs[MAX_COMMANDS];
  if (count < 1 || count > MAX_COMMANDS || argc % 2 == 0) return 64;
  for (int i = 0; i < count; i++) {
    char *words[MAX_WORDS];
    split(argv[2 + 2 * i], words);
    runs[i] = run(words);
  }
  printf("Linux, from start to end%22s  wall s   CPU s   ratio\n", "");
  for (int i = 0; i < count; i++) {
    printf("  %-42s %8.1f %7.1f %7.1f", argv[1 + 2 * i], runs[i].wall, runs[i].cpu, runs[i].cpu / runs[count - 1].cpu);
    if (!WIFEXITED(runs[i].status)) printf("  (ended by a signal)");
    else printf("  (status %d)", WEXITSTATUS(runs[i].status));
    printf("\n");
  }
  return 0;
}
