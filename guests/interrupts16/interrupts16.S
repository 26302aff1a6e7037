// Interrupts as the 8086 had them: a table of 256 far pointers at address 0 (the interrupt vector
// table), and on the stack the flags, CS and IP of whoever was interrupted.
#include "platform.h"

#define SYSTEM_CALL 0x21
#define TICKS 3
#define DIVISOR (PIT_HERTZ / 100)

// Points a vector at a routine of ours. ES is 0.
.macro SET_VECTOR vector, routine
  mov word ptr es:[\vector * 4], offset \routine
  mov word ptr es:[\vector * 4 + 2], cs
.endm

.section .text.start, "ax"
.code16
.globl start
start:
  cli
  cld
  mov sp, 0xfffe
  xor ax, ax
  mov es, ax
  SET_VECTOR 0, divide_error
  SET_VECTOR 3, breakpoint
  SET_VECTOR 8, tick
  SET_VECTOR SYSTEM_CALL, system_call

  mov si, offset asked
  int SYSTEM_CALL                   // by an instruction of two bytes
  int3                              // by one of a single byte, for debuggers
  xor dx, dx
  xor cx, cx
  mov ax, 1
  div cx                            // by a mistake
  mov si, offset went_on
  int SYSTEM_CALL

  // By a device. The first PIC starts with its lines on vectors 8 to 15, as the BIOS leaves it.
  mov al, 0x11
  out PIC1_COMMAND, al
  mov al, 8
  out PIC1_DATA, al
  mov al, 4
  out PIC1_DATA, al
  mov al, 1
  out PIC1_DATA, al
  mov al, 0xff & ~1                 // only line 0, the timer
  out PIC1_DATA, al
  mov al, 0b00110100                // channel 0, low byte then high byte, mode 2
  out PIT_COMMAND, al
  mov al, DIVISOR & 0xff
  out PIT_CHANNEL0, al
  mov al, DIVISOR >> 8
  out PIT_CHANNEL0, al
sleep:
  cli                               // nothing may come between looking and sleeping:
  cmp byte ptr [ticks], TICKS
  jae done
  sti                               // `sti` takes effect after the next instruction
  hlt
  jmp sleep
done:
  mov si, offset ticked
  call print
  EXIT 0

// DS:SI: a text. `iret` brings back the flags, so interrupts are as they were.
system_call:
  push ax
  push dx
  call print
  pop dx
  pop ax
  iret

breakpoint:
  mov si, offset stopped
  call print
  iret

// The stacked IP is that of the `div` itself, so that it could be tried again. We step over it.
divide_error:
  mov si, offset divided
  call print
  mov bp, sp
  add word ptr [bp], 2              // the length of `div cx`
  iret

tick:
  push ax
  inc byte ptr [ticks]
  mov al, 0x20                      // end of interrupt
  out PIC1_COMMAND, al
  pop ax
  iret

#include "console16.inc"

ticks:
  .byte 0
asked:
  .asciz "int 0x21: a system call\n"
stopped:
  .asciz "int3: a breakpoint\n"
divided:
  .asciz "div: a divide error\n"
went_on:
  .asciz "int 0x21: still here\n"
ticked:
  .asciz "IRQ 0: three ticks\n"
