// Ticks from the clock that also keeps the time of day (RTC, an MC146818). It pulls line 8, the
// first line of the second PIC, which itself hangs on line 2 of the first.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "pic.inc"

#define REGISTER_A 0x0a
#define REGISTER_B 0x0b
#define REGISTER_C 0x0c
#define PERIODIC_INTERRUPT 0x40     // the same bit enables it in B and reports it in C

.section .text.start, "ax"
.code64
.globl start
start:
  call load_idt
  SET_GATE IRQ_VECTOR + 8, tick
  call remap_pic

  mov al, REGISTER_A                // the port pair: name a register, then read or write it
  out CMOS_INDEX, al
  mov al, 0x29                      // the 32768 Hz crystal, divided down to 128 interrupts a second
  out CMOS_DATA, al
  mov al, 0xff & ~(1 << 2)          // the first PIC lets the second through,
  out PIC1_DATA, al
  mov al, 0xff & ~(1 << 0)          // and the second lets the clock through
  out PIC2_DATA, al

  // The interrupt comes last. The PIC remembers an edge even if its cause is gone: one from
  // before we had listened would call the handler for nothing.
  mov al, REGISTER_C                // reading C takes back whatever was pending
  out CMOS_INDEX, al
  in al, CMOS_DATA
  mov al, REGISTER_B
  out CMOS_INDEX, al
  mov al, PERIODIC_INTERRUPT | 2    // 2: hours count to 24
  out CMOS_DATA, al

sleep:
  cli                               // nothing may come between looking and sleeping:
  cmp dword ptr [rip + ticks], 5
  jae done
  sti                               // `sti` takes effect after the next instruction
  hlt
  jmp sleep
done:
  PRINT "The clock works.\n"
  EXIT 0

tick:
  push rax
  cmp dword ptr [rip + ticks], 5
  jae acknowledge                   // some may have come before the main loop looked: we have seen enough
  inc dword ptr [rip + ticks]
  PRINT "tick "
  mov eax, [rip + ticks]
  PRINT_DECIMAL rax
  mov al, REGISTER_C                // until C has been read the clock does not interrupt again
  out CMOS_INDEX, al
  in al, CMOS_DATA
  test al, PERIODIC_INTERRUPT
  jz not_periodic
  PRINT ": periodic"
not_periodic:
  PRINT "\n"
finish:
  mov al, 0x20                      // both controllers took part, both are told
  out PIC2_COMMAND, al
  out PIC1_COMMAND, al
  pop rax
  iretq
acknowledge:
  mov al, REGISTER_C
  out CMOS_INDEX, al
  in al, CMOS_DATA
  jmp finish

.data
ticks:
  .long 0
