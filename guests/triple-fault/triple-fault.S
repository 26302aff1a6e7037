// How to kill a processor. A division by zero is an exception; the table of handlers is empty, so
// it has none: a second exception (double fault), with no handler either: a third. After that the
// processor gives up, and a PC resets. SwiftVM ends with exit status 100 and says where it was.
#include "platform.h"
#include "console64.inc"

.section .text.start, "ax"
.code64
.globl start
start:
  PRINT "Dividing by zero with no handlers.\n"
  lidt [rip + empty_idt]
  xor ecx, ecx
  mov eax, 1
  xor edx, edx
  div ecx
  PRINT "Nobody gets here.\n"
  EXIT 1

.data
empty_idt:
  .word 0
  .quad 0
