// Keys by INT 16h: the code of the key in the upper byte, its character in the lower. They come from the
// serial port here, so the BIOS makes up the key that would have typed a character.
#include "platform.h"
#include "report16.inc"

.section .text.start, "ax"
.code16
.globl start
start:
  cld
  mov ah, 0x05                      // as if somebody had pressed F10
  mov cx, 0x4400
  int 0x16
  mov ah, 0x01                      // what comes next? It stays there
  int 0x16
  CHECK nz, "there is a key: "
  SAY_HEX ax
  SAY "\n"
next_key:
  xor ah, ah                        // take it, or wait for one
  int 0x16
  SAY_HEX ax
  SAY "\n"
  cmp al, 13
  jne next_key
  mov ah, 0x02
  int 0x16
  xor ah, ah
  SAY "Shift and the like: "
  SAY_HEX ax
  SAY "\n"
  EXIT 0

#include "console16.inc"
