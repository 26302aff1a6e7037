// Brings QEMU to the state in which SwiftVM starts a flat image, so that the same guest can run
// on both. QEMU loads this by Multiboot, in 32-bit protected mode, and the guest as raw bytes.
// Built three times, with MODE = 16, 32 or 64.
#include "platform.h"

#define PAGE_TABLES 0x70000

.section .multiboot, "a"
  .align 4
  .long 0x1badb002, 0, -0x1badb002

.text
.code32
.globl start
start:
  cli
  mov esp, 0x7fff0
  // The BIOS left the interrupt controllers open, and the local APIC passing them on. A machine
  // without a BIOS starts with them closed, and guests that want them open them.
  mov al, 0xff
  out PIC1_DATA, al
  out PIC2_DATA, al
  lgdt [gdt_pointer]
#if MODE == 32
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov fs, eax
  mov gs, eax
  FAR_JUMP 0x08, 0x100000

#elif MODE == 64
  // Ten pages: one PML4, one page-directory-pointer table, eight directories of 2 MiB pages: the first 8 GiB.
  mov edi, PAGE_TABLES
  mov ecx, 10 * 1024
  xor eax, eax
  cld
  rep stosd
  mov dword ptr [PAGE_TABLES], PAGE_TABLES + 0x1000 + 7
  mov ecx, 8
  mov edi, PAGE_TABLES + 0x1000
  mov eax, PAGE_TABLES + 0x2000 + 7
.Ldirectory:
  mov [edi], eax
  add eax, 0x1000
  add edi, 8
  dec ecx
  jnz .Ldirectory
  mov edi, PAGE_TABLES + 0x2000
  mov eax, 0x87                     // present, writable, user, 2 MiB
  xor edx, edx                      // the address above 4 GiB
  mov ecx, 8 * 512
.Lpage:
  mov [edi], eax
  mov [edi + 4], edx
  add eax, 0x200000
  adc edx, 0
  add edi, 8
  dec ecx
  jnz .Lpage
  mov eax, PAGE_TABLES
  mov cr3, eax
  mov eax, cr4
  or eax, 0x20                      // PAE
  mov cr4, eax
  mov ecx, 0xc0000080               // EFER
  rdmsr
  or eax, 0x100                     // LME
  wrmsr
  mov eax, cr0
  or eax, 0x80000001                // PG, PE
  mov cr0, eax
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  FAR_JUMP 0x18, 0x100000

#elif MODE == 16
  // QEMU cannot put the image at 0x10000 itself: the BIOS uses that memory while it starts.
  mov esi, 0x100000
  mov edi, 0x10000
  mov ecx, 0x10000 / 4
  cld
  rep movsd
  lidt [real_mode_idt]
  FAR_JUMP 0x20, .Lsixteen - 0x80000
.code16
.Lsixteen:
  mov eax, 0x28
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov eax, cr0
  and eax, ~1
  mov cr0, eax
  // Real mode, with this code's base still in CS; the far jump goes to the guest. Its bytes are
  // written out: it must be the 16-bit form.
  mov ax, 0x1000
  mov ds, ax
  mov es, ax
  mov ss, ax
  .byte 0xea
  .word 0, 0x1000
.code32
real_mode_idt:
  .word 0x3ff
  .long 0
#endif

.align 8
gdt:
  .quad 0
  .quad 0x00cf9b000000ffff          // 0x08: 32-bit code
  .quad 0x00cf93000000ffff          // 0x10: data
  .quad 0x00af9b000000ffff          // 0x18: 64-bit code
  .quad 0x00009b080000ffff          // 0x20: 16-bit code, base 0x80000
  .quad 0x000093000000ffff          // 0x28: 16-bit data
gdt_pointer:
  .word . - gdt - 1
  .long gdt
