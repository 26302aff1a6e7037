// Long mode: 64-bit registers, and paging is always on. The machine gave us page tables which
// map the first 4 GiB to themselves.
#include "platform.h"
#include "console64.inc"

.section .text.start, "ax"
.code64
.globl start
start:
  PRINT "Hello from 64-bit long mode.\n"

  cli                               // with interrupts off nothing can end this halt:
  hlt                               // the machine is over, exit status 0
