// The same in 32 bits: an ELF executable for i386 is entered in protected mode.
#include "platform.h"

.text
.code32
not_here:
  mov esi, offset first_byte
  call print
  EXIT 1

.globl start
start:
  cld
  mov esi, offset entered
  call print
  cmp dword ptr [initialized], 0x12345678
  jne wrong
  mov esi, offset arrived
  call print
  mov ecx, 4096 / 4
  mov edi, offset zeros
  xor eax, eax
  repe scasd                        // stops at the first that is not 0
  jne wrong
  mov esi, offset clear
  call print
  EXIT 0
wrong:
  mov esi, offset different
  call print
  EXIT 1

#include "console32.inc"

.section .rodata, "a"
first_byte:
  .asciz "The loader entered at the first byte instead of the entry point.\n"
entered:
  .asciz "entered at the entry point\n"
arrived:
  .asciz "the data has arrived\n"
clear:
  .asciz "the rest is clear\n"
different:
  .asciz "memory is not as the file says\n"

.data
  .balign 4
initialized:
  .long 0x12345678

.bss                                // takes no room in the file: the loader must clear it
  .balign 4
zeros:
  .skip 4096
