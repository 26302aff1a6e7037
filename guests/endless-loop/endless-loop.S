// A guest that never ends. Only `--timeout` helps: exit status 124, like timeout(1).
#include "platform.h"

.section .text.start, "ax"
.code16
.globl start
start:
  mov al, '.'
  out DEBUG_CONSOLE, al
  mov al, '\n'
  out DEBUG_CONSOLE, al
forever:
  jmp forever
