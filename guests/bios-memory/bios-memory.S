// How a program in real mode finds out what memory there is: INT 12h and INT 15h.
#include "platform.h"
#include "report16.inc"

#define PATTERN_LENGTH 26

.section .text.start, "ax"
.code16
.globl start
start:
  cld
  int 0x12
  SAY "INT 12h: KiB of conventional memory: "
  SAY_HEX ax
  SAY "\n"

  // The map: each call gives an entry of 20 bytes, base, length and kind, and where to go on.
  xor ebx, ebx
next_entry:
  mov eax, 0xe820
  mov edx, 0x534d4150               // "SMAP"
  mov ecx, 20
  mov di, offset entry
  int 0x15
  jc map_ends
  cmp eax, 0x534d4150
  jne map_ends
  inc word ptr [entry_count]
  cmp dword ptr [entry + 16], 1     // usable
  jne not_usable
  cmp dword ptr [entry], 0
  jne not_conventional
  mov eax, [entry + 8]
  shr eax, 10
  SAY "INT 15h AX=E820h: usable KiB from 0: "
  SAY_HEX ax
  SAY "\n"
not_conventional:
  cmp dword ptr [entry], 0x100000
  jne not_usable
  mov eax, [entry + 8]
  mov [extended], eax
not_usable:
  test ebx, ebx
  jnz next_entry
map_ends:
  cmp word ptr [entry_count], 4
  CHECK ae, "the map has four entries or more\n"

  // What the older functions say must be what the map says.
  mov ax, 0xe801
  int 0x15
  SAY "INT 15h AX=E801h: KiB from 1 to 16 MiB: "
  SAY_HEX ax
  SAY "\n"
  movzx eax, bx
  shl eax, 16
  add eax, 15 << 20
  mov edx, [extended]
  and edx, 0xffff0000
  cmp eax, edx
  CHECK e, "the rest is what the map has\n"
  mov ah, 0x88
  int 0x15
  movzx eax, ax
  shl eax, 10
  cmp eax, [extended]
  CHECK be, "INT 15h AH=88h has no more than the map\n"

  // A block goes to 2 MiB and back, where real mode cannot reach.
  mov dword ptr [source_base], 0x93010000 // we are at 0x10000; 0x93: data, present
  add word ptr [source_base], offset pattern
  mov dword ptr [target_base], 0x93200000
  call move_block
  SAY "INT 15h AH=87h: up: "
  SAY_CARRY
  mov dword ptr [source_base], 0x93200000
  mov dword ptr [target_base], 0x93010000
  add word ptr [target_base], offset copy
  call move_block
  SAY ", down: "
  SAY_CARRY
  SAY "\n"
  mov si, offset pattern
  mov di, offset copy
  mov cx, PATTERN_LENGTH
  repe cmpsb
  CHECK e, "it came back as it was\n"

  mov ax, 0x2403
  int 0x15
  SAY "INT 15h AX=2403h: A20 by: "
  SAY_HEX bx
  mov ax, 0x2401
  int 0x15
  mov ax, 0x2402
  int 0x15
  and ax, 0xff
  SAY ", open: "
  SAY_HEX ax
  SAY "\n"

  push es
  mov ah, 0xc0
  int 0x15
  movzx ax, byte ptr es:[bx + 2]
  pop es
  SAY "INT 15h AH=C0h: the model: "
  SAY_HEX ax
  SAY "\n"

  // What is not there says so.
  mov ax, 0x9999
  int 0x15
  SAY "a function that is not there: "
  SAY_CARRY
  shr ax, 8
  SAY ", "
  SAY_HEX ax
  SAY "\n"
  mov eax, 0xe820
  mov ebx, 0x1234
  mov ecx, 20
  mov edx, 0x534d4150
  mov di, offset entry
  int 0x15
  SAY "entry 0x1234 of the map: "
  SAY_CARRY
  mov eax, 0xe820
  xor ebx, ebx
  mov ecx, 20
  xor edx, edx
  int 0x15
  SAY "\nwithout the signature: "
  SAY_CARRY
  SAY "\n"
  EXIT 0

// Interrupts stay off: a handler in protected mode is not what a BIOS has.
move_block:
  mov ah, 0x87
  mov cx, PATTERN_LENGTH / 2
  mov si, offset move_table
  int 0x15
  ret

#include "console16.inc"

  .balign 8
move_table:
  .quad 0, 0
  .word 0xffff                      // the source's limit
source_base:
  .long 0
  .word 0
  .word 0xffff                      // the target's
target_base:
  .long 0
  .word 0
  .quad 0, 0
entry:
  .skip 24
entry_count:
  .word 0
extended:
  .long 0
pattern:
  .ascii "one megabyte is not enough"
.if . - pattern != PATTERN_LENGTH
.error "PATTERN_LENGTH is wrong"
.endif
copy:
  .skip 32
