// From 1978 to 2003 in 512 bytes. Every x86 processor starts in real mode, as an 8086; this boot
// sector takes it through protected mode (80386) to long mode (AMD64), a line from each.
#include "platform.h"

#define CODE32 0x08
#define DATA 0x10
#define CODE64 0x18

// Three page tables, in memory that nobody else uses.
#define TOP_TABLE 0x1000
#define SECOND_TABLE 0x2000
#define THIRD_TABLE 0x3000

.section .text.start, "ax"
.code16
.globl start
start:
  cli
  cld
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  mov dx, DEBUG_CONSOLE             // takes every byte at once, in every mode
  mov si, offset real
  mov cx, offset REAL_LENGTH
  rep outsb

  // Protected mode: tell the processor where the segments are described, set bit 0 of CR0, and
  // load CS by a far jump. Until then the old CS goes on as it was.
  lgdt [gdt_pointer]
  mov eax, cr0
  or eax, 1
  mov cr0, eax
  FAR_JUMP CODE32, protected_mode

.code32
protected_mode:
  mov eax, DATA
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov esp, 0x7c00
  mov esi, offset protected
  mov ecx, offset PROTECTED_LENGTH
  rep outsb

  // Long mode needs paging: three tables, whose last maps the first 2 MiB to themselves.
  xor eax, eax
  mov edi, TOP_TABLE
  mov ecx, 3 * 4096 / 4
  rep stosd
  mov dword ptr [TOP_TABLE], SECOND_TABLE + 0b11        // present, writable
  mov dword ptr [SECOND_TABLE], THIRD_TABLE + 0b11
  mov dword ptr [THIRD_TABLE], 0b10000011               // bit 7: this is a page of 2 MiB
  mov eax, TOP_TABLE
  mov cr3, eax
  mov eax, cr4
  or eax, 0x20                      // PAE: entries of 64 bits
  mov cr4, eax
  mov ecx, 0xc0000080               // EFER,
  rdmsr
  or eax, 0x100                     // LME: "when paging comes on, that is long mode"
  wrmsr
  mov eax, cr0
  or eax, 0x80000000                // paging on
  mov cr0, eax
  FAR_JUMP CODE64, long_mode        // before this, 32-bit code inside long mode

.code64
long_mode:
  mov edx, DEBUG_CONSOLE            // rdmsr and wrmsr used EDX
  lea rsi, [rip + long]
  mov ecx, offset LONG_LENGTH
  rep outsb
  // A number that needs 64 bits: 2 to the power of 32, shifted back.
  mov eax, 1
  shl rax, 32
  shr rax, 32
  dec eax                           // 0, if nothing was lost
  out EXIT_PORT, al
  hlt

  .balign 8
gdt:
  .quad 0
  .quad 0x00cf9b000000ffff          // 0x08: code, 32-bit, all 4 GiB
  .quad 0x00cf93000000ffff          // 0x10: data
  .quad 0x00af9b000000ffff          // 0x18: code, 64-bit
gdt_pointer:
  .word . - gdt - 1
  .long gdt

real:
  .ascii "real mode, 16 bits\n"
.set REAL_LENGTH, . - real
protected:
  .ascii "protected mode, 32 bits\n"
.set PROTECTED_LENGTH, . - protected
long:
  .ascii "long mode, 64 bits\n"
.set LONG_LENGTH, . - long
