// Ticks from the PC's oldest timer: channel 0 of the 8254 (PIT) pulls line 0 of the 8259A (PIC),
// and the PIC interrupts the processor.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "pic.inc"

#define TICKS 5
#define DIVISOR (PIT_HERTZ / 100)

.section .text.start, "ax"
.code64
.globl start
start:
  call load_idt
  SET_GATE IRQ_VECTOR + 0, tick
  call remap_pic

  // Mode 2: count DIVISOR down to 1, pulse, and start again, 100 times a second.
  mov al, 0b00110100                // channel 0, low byte then high byte, mode 2, binary
  out PIT_COMMAND, al
  mov al, DIVISOR & 0xff
  out PIT_CHANNEL0, al
  mov al, DIVISOR >> 8
  out PIT_CHANNEL0, al

  mov al, 0xff & ~1                 // open IRQ 0, and nothing else
  out PIC1_DATA, al

  // Sleep until the fifth tick. Interrupts are off while we look at the counter, and `sti`
  // takes effect only after the instruction that follows it: no tick can slip in between the
  // look and the sleep, which would then last for ever.
sleep:
  cli
  cmp dword ptr [rip + ticks], TICKS
  jae done
  sti
  hlt
  jmp sleep

done:
  PRINT "The timer works.\n"
  EXIT 0

tick:
  push rax
  inc dword ptr [rip + ticks]
  cmp dword ptr [rip + ticks], TICKS
  ja enough                         // one may have been pending when we had seen enough
  PRINT "tick "
  mov eax, [rip + ticks]
  PRINT_DECIMAL rax
  PRINT "\n"
enough:
  mov al, 0x20                      // end of interrupt: the PIC may send the next one
  out PIC1_COMMAND, al
  pop rax
  iretq

.data
ticks:
  .long 0
