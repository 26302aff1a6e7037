// Where a PVH loader enters. PVH is how Xen, QEMU, Firecracker and Cloud Hypervisor start a kernel
// without a firmware: an ELF file says in a note where its 32-bit entry point is. As Linux does, we
// go on to long mode from there by ourselves.
#include "platform.h"

#define XEN_NOTE_PHYS32_ENTRY 18

.section .note.Xen, "a", @note
  .balign 4
  .long 4                           // the length of the name
  .long 4                           // the length of the content
  .long XEN_NOTE_PHYS32_ENTRY
  .asciz "Xen"
  .long pvh_start

// 32-bit protected mode, flat segments, no paging, no stack; EBX: the start information.
.text
.code32
pvh_start:
  cld
  mov edi, offset bss_start
  mov ecx, offset bss_end
  sub ecx, edi
  xor eax, eax
  rep stosb                         // the loader has done it; it costs nothing to be sure

  // One PML4, one page-directory-pointer table, and a directory which maps the first GiB to
  // itself in pages of 2 MiB.
  mov eax, offset tables + 4096 + 3
  mov [tables], eax
  add eax, 4096
  mov [tables + 4096], eax
  mov edi, offset tables + 2 * 4096
  mov eax, 0x83                     // present, writable, a page of 2 MiB
  mov ecx, 512
next_page:
  mov [edi], eax
  add eax, 0x200000
  add edi, 8
  dec ecx
  jnz next_page

  mov eax, offset tables
  mov cr3, eax
  mov eax, cr4
  or eax, 0x20                      // PAE
  mov cr4, eax
  mov ecx, 0xc0000080               // EFER
  rdmsr
  or eax, 0x100                     // LME
  wrmsr
  mov eax, cr0
  or eax, 0x80000000                // PG
  mov cr0, eax
  lgdt [gdt_pointer]
  FAR_JUMP 0x08, long_mode

.code64
long_mode:
  xor eax, eax
  mov ds, eax
  mov es, eax
  mov ss, eax
  lea rsp, [rip + stack_end]
  mov edi, ebx                      // guest_main(start information)
  call guest_main
  cli
  hlt

// The ELF header's own entry point: for loaders that do not know the note, in long mode.
.globl start
start:
  EXIT 1

.section .rodata, "a"
  .balign 8
gdt:
  .quad 0
  .quad 0x00af9b000000ffff          // 0x08: 64-bit code
gdt_pointer:
  .word . - gdt - 1
  .long gdt

.bss
  .balign 4096
tables:
  .skip 3 * 4096
stack:
  .skip 8192
stack_end:
