// Time by the BIOS: the timer's ticks, which it counts and passes on; a wait; the clock with its battery.
#include "platform.h"
#include "report16.inc"

#define TICKS 3
#define PM_TIMER 0x608
#define PM_TIMER_HERTZ 3579545
#define BIOS_TICKS 0x46c            // where the BIOS counts

.section .text.start, "ax"
.code16
.globl start
start:
  cld
  // The BIOS calls INT 1Ch at each tick; by itself that does nothing.
  xor ax, ax
  mov es, ax
  mov word ptr es:[0x1c * 4], offset tick
  mov word ptr es:[0x1c * 4 + 2], cs
  mov eax, es:[BIOS_TICKS]
  mov [start_ticks], eax
  mov al, 0xff & ~(1 << 0 | 1 << 2) // the timer's line, as the BIOS left it; and the clock's, by which
  out PIC1_DATA, al                 // a BIOS may count when it waits
  mov al, 0xff & ~(1 << 0)
  out PIC2_DATA, al
sleep:
  cli                               // nothing may come between looking and sleeping:
  cmp byte ptr [ticks], TICKS
  jae ticked
  sti                               // `sti` takes effect after the next instruction
  hlt
  jmp sleep
ticked:
  SAY "INT 1Ch: three ticks\n"
  xor ah, ah
  int 0x1a
  shl ecx, 16
  mov cx, dx
  mov eax, ecx
  sub ecx, [start_ticks]
  cmp ecx, TICKS
  CHECK ae, "INT 1Ah AH=00h: the count has gone on\n"
  cmp eax, 0x1800b0
  CHECK b, "it is the count of a day\n"

  // A wait of 120 milliseconds, by a clock that the BIOS does not know of: ACPI's timer, 24 bits wide.
  sti
  mov dx, PM_TIMER
  in eax, dx
  push eax
  mov ah, 0x86
  mov cx, 120000 >> 16
  mov dx, 120000 & 0xffff
  int 0x15
  SAY "INT 15h AH=86h: "
  SAY_CARRY
  mov dx, PM_TIMER
  in eax, dx
  pop ebx
  sub eax, ebx
  and eax, 0xffffff
  cmp eax, PM_TIMER_HERTZ / 1000 * 119
  CHECK ae, "\ntime has passed meanwhile\n"
  cli

  // Decimal digits, two in a byte.
  mov ah, 0x02
  int 0x1a
  jc no_clock
  cmp ch, 0x24
  CHECK b, "INT 1Ah AH=02h: an hour\n"
  cmp cl, 0x60
  CHECK b, "a minute\n"
  cmp dh, 0x60
  CHECK b, "a second\n"
  mov ah, 0x04
  int 0x1a
  jc no_clock
  cmp ch, 0x20
  CHECK e, "INT 1Ah AH=04h: this century\n"
  cmp dh, 0x12
  CHECK be, "a month\n"
  cmp dl, 0x31
  CHECK be, "a day\n"
no_clock:
  EXIT 0

tick:
  inc byte ptr cs:[ticks]
  iret

#include "console16.inc"

ticks:
  .byte 0
start_ticks:
  .long 0
