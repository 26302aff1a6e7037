// 32-bit protected mode: segments now have limits and rights, but here each one covers all
// 4 GiB from address 0, so an offset is a linear address. Paging is off: it is physical, too.
#include "platform.h"

.section .text.start, "ax"
.code32
.globl start
start:
  mov esi, offset greeting
  call print

  cli                               // with interrupts off nothing can end this halt:
  hlt                               // the machine is over, exit status 0

#include "console32.inc"

greeting:
  .asciz "Hello from 32-bit protected mode.\n"
