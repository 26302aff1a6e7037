// A boot sector. The processor starts as an 8086 would: 16-bit registers, and addresses made of
// a segment and an offset. The machine has loaded these 512 bytes at 0x7c00 and jumped there.
#include "platform.h"

.section .text.start, "ax"
.code16
.globl start
start:
  xor ax, ax                        // segment 0, so that an offset is the address itself
  mov ds, ax
  mov ss, ax
  mov sp, 0x7c00                    // the stack grows down from just below this code
  cld                               // string instructions walk upwards

  mov si, offset greeting
  call print

  cli                               // with interrupts off nothing can end this halt:
  hlt                               // the machine is over, exit status 0

#include "console16.inc"

greeting:
  .asciz "Hello from 16-bit real mode.\n"
