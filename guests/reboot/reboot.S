// A machine that is reset starts again from the beginning, but the CMOS memory has a battery. So a
// guest can count in it how often it has been started: this one resets the machine twice.
#include "platform.h"

#define COUNTER 0x50                // an index of the CMOS that nobody else uses
#define STARTS 3

.section .text.start, "ax"
.code16
.globl start
start:
  mov sp, 0xfffe
  cld
  // If the memory were not as the file says, then this would print another character.
  mov si, offset started
  inc byte ptr [digit]
  mov al, COUNTER
  out CMOS_INDEX, al
  in al, CMOS_DATA
  inc al
  mov bl, al
  mov al, COUNTER
  out CMOS_INDEX, al
  mov al, bl
  out CMOS_DATA, al
  add bl, '0'
  mov [number], bl
  call print
  cmp bl, '0' + STARTS
  je enough
  mov al, 0xfe                      // the keyboard controller's reset line
  out I8042_COMMAND, al
  cli                               // the reset may take a moment
stop:
  hlt
  jmp stop
enough:
  EXIT 0

#include "console16.inc"

started:
  .ascii "start "
number:
  .ascii "?, memory as at start "
digit:
  .ascii "0\n\0"
