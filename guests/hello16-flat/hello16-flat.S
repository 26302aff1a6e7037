// Real mode without a boot sector: the image is loaded at linear address 0x10000 and entered at
// 1000:0000, with DS, ES and SS set to 0x1000. Every offset is relative to the image.
#include "platform.h"

.section .text.start, "ax"
.code16
.globl start
start:
  mov sp, 0xfffe                    // the top of our own 64 KiB segment
  cld

  // The debug console takes a byte whenever we have one: no status to poll.
  mov si, offset greeting
next_character:
  lodsb
  test al, al
  jz done
  out DEBUG_CONSOLE, al
  jmp next_character
done:
  EXIT 0

greeting:
  .asciz "Hello from segment 0x1000.\n"
