// An ELF executable. The file says where each part belongs, with which rights, how much memory to
// clear, and where to begin: not at the first byte, here.
#include "platform.h"
#include "console64.inc"

.text
.code64
not_here:
  PRINT "The loader entered at the first byte instead of the entry point.\n"
  EXIT 1

.globl start
start:
  PRINT "entered at the entry point\n"
  cmp qword ptr [rip + initialized], 0x12345678
  jne wrong
  PRINT "the data has arrived\n"
  mov ecx, 4096 / 8
  lea rdi, [rip + zeros]
  xor eax, eax
  cld
  repe scasq                        // stops at the first that is not 0
  jne wrong
  PRINT "the rest is clear\n"
  EXIT 0
wrong:
  PRINT "memory is not as the file says\n"
  EXIT 1

.data
  .balign 8
initialized:
  .quad 0x12345678

.bss                                // takes no room in the file: the loader must clear it
  .balign 8
zeros:
  .skip 4096
