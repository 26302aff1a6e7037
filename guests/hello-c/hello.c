// A guest in C. There is no operating system, so there is no C library either: the compiler is
// told so ("freestanding"), include/start64.S calls guest_main, and printing means talking to
// the UART.
#include "console.h"

// Not const and not zero, so it lies in .data; and one that lies in .bss, which start64.S clears.
static const char *volatile languages[] = {"assembly", "C"};
static volatile unsigned counter;

void guest_main(void) {
  print("Hello from C");
  for (unsigned i = 0; i < sizeof languages / sizeof *languages; i++) counter++;
  print(", language number ");
  print_decimal(counter);
  print(" after ");
  print(languages[0]);
  print(".\n");
}
