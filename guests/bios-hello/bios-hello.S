// The boot sector of every tutorial: it prints by the BIOS, and lets it wait for a key.
#include "platform.h"

.section .text.start, "ax"
.code16
.globl start
start:
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7c00
  cld

  mov si, offset greeting
next_character:
  lodsb
  test al, al
  jz printed
  mov ah, 0x0e                      // function 0x0e: print AL, move the cursor on
  mov bx, 0x0007
  int 0x10
  jmp next_character
printed:
  xor ah, ah                        // function 0: wait for a key; AL = its character
  int 0x16
  mov ah, 0x0e
  int 0x10

  cli
  hlt

greeting:
  .asciz "Hello from INT 10h. Type something: "
