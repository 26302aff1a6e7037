// What runs before C or Swift in long mode: clear the variables that start as zero, call the
// program, and stop the machine when it returns.
#include "platform.h"

.section .text.start, "ax"
.code64
.globl start
start:
  lea rdi, [rip + bss_start]
  lea rcx, [rip + bss_end]
  sub rcx, rdi
  shr rcx, 3                        // eight bytes at a time; the linker script rounds the end up
  xor eax, eax
  rep stosq
  call guest_main
  cli                               // interrupts off and halted: nothing can wake this processor,
  hlt                               // so the machine has ended, with exit status 0
