// Where a Multiboot loader enters, and the header by which it knows us.
#include "platform.h"

#define MAGIC 0x1badb002
#define PAGE_ALIGN_MODULES 1
#define WANT_MEMORY_MAP 2
#define FLAGS (PAGE_ALIGN_MODULES | WANT_MEMORY_MAP)

// Within the first 8192 bytes of the file; the three words add up to 0.
.section .multiboot, "a"
  .balign 4
  .long MAGIC
  .long FLAGS
  .long -(MAGIC + FLAGS)

// 32-bit protected mode, flat segments, no stack. EAX says that the loader speaks Multiboot, EBX
// where its information is.
.text
.code32
.globl start
start:
  mov esp, offset stack_end
  push ebx
  push eax
  call guest_main                   // guest_main(EAX, EBX)
  cli
  hlt

.bss
  .balign 16
stack:
  .skip 8192
stack_end:
