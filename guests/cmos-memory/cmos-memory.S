// How much memory is there? The oldest answer is in the CMOS, the little battery-backed memory
// behind the clock, where the firmware has left it: kilobytes below and above 1 MiB, and units of
// 64 KiB above 16 MiB, because 16 bits of kilobytes end there.
#include "platform.h"

.section .text.start, "ax"
.code32
.globl start
start:
  cld
  mov bl, 0x15                      // base memory, KiB
  call read_cmos_word
  mov esi, offset base
  call print_line
  mov bl, 0x17                      // extended memory, KiB from 1 MiB on, at most 63 MiB
  call read_cmos_word
  mov esi, offset extended
  call print_line
  mov bl, 0x34                      // 64 KiB units from 16 MiB on
  call read_cmos_word
  shl eax, 6                        // in KiB
  add eax, 16 * 1024
  mov esi, offset total
  call print_line
  EXIT 0

// EAX = the two bytes from CMOS index BL on, low byte first.
read_cmos_word:
  xor eax, eax
  mov al, bl
  inc al
  out CMOS_INDEX, al                // name a register...
  in al, CMOS_DATA                  // ...then read it
  mov ah, al
  mov al, bl
  out CMOS_INDEX, al
  in al, CMOS_DATA
  ret

// Prints the text at ESI, the number EAX and " KiB".
print_line:
  push eax
  call print
  pop eax
  mov edi, offset digits_end
  mov ecx, 10
next_digit:
  xor edx, edx
  div ecx                           // the last digit comes first
  add dl, '0'
  dec edi
  mov [edi], dl
  test eax, eax
  jnz next_digit
  mov esi, edi
  call print
  mov esi, offset unit
  jmp print

#include "console32.inc"

base:
  .asciz "below 1 MiB: "
extended:
  .asciz "above 1 MiB: "
total:
  .asciz "all of it:   "
unit:
  .asciz " KiB\n"
digits:
  .skip 10
digits_end:
  .byte 0
