// Since the IBM AT a PC is reset through its keyboard controller, which has a spare output pin
// wired to the processor's reset: command 0xfe pulses it. With --no-reboot that ends the machine,
// with exit status 104; without, it starts again.
#include "platform.h"

.section .text.start, "ax"
.code16
.globl start
start:
  mov sp, 0xfffe
  cld
  mov si, offset farewell
  call print
wait_for_controller:
  in al, I8042_STATUS
  test al, 2                        // it has not taken the last byte yet
  jnz wait_for_controller
  mov al, 0xfe
  out I8042_COMMAND, al
  cli                               // the reset may take a moment
stop:
  hlt
  jmp stop

#include "console16.inc"

farewell:
  .asciz "Resetting.\n"
