// RAM above 4 GiB: written first, then memory below it, then read. The machine's page tables map all RAM to itself.
#include "platform.h"
#include "console64.inc"

#define FIRST 0x100000000           // 4 GiB
#define LAST 0x17ffffff8            // the last 8 bytes of 5 GiB
#define LOW_FIRST 0x400000          // low memory; FIRST cut off would be 0, where page tables may be
#define LOW_LAST 0x7ffffff8         // LAST cut off

// KEEPS address, value: ends with status 1 where the memory at RBX has another one.
.macro KEEPS address, value
  mov rbx, \address
  mov rax, \value
  cmp [rbx], rax
  jne lost
.endm

// FILL address, value
.macro FILL address, value
  mov rbx, \address
  mov rax, \value
  mov [rbx], rax
.endm

.section .text.start, "ax"
.code64
.globl start
start:
  xor ebx, ebx
  mov rcx, [rbx]                    // what is at 0 must stay, too
  FILL FIRST, 0x1122334455667788
  FILL LAST, 0x99aabbccddeeff00
  FILL LOW_FIRST, 0x0123456789abcdef
  FILL LOW_LAST, 0xfedcba9876543210
  xor ebx, ebx
  cmp [rbx], rcx
  jne lost

  KEEPS FIRST, 0x1122334455667788
  PRINT_HEX rbx, 16
  PRINT " keeps what is written\n"
  KEEPS LAST, 0x99aabbccddeeff00
  PRINT_HEX rbx, 16
  PRINT " keeps what is written\n"
  KEEPS LOW_FIRST, 0x0123456789abcdef
  PRINT "and "
  PRINT_HEX rbx, 16
  KEEPS LOW_LAST, 0xfedcba9876543210
  PRINT " and "
  PRINT_HEX rbx, 16
  PRINT " keep theirs\n"
  EXIT 0

lost:
  PRINT_HEX rbx, 16
  PRINT " has changed\n"
  EXIT 1
