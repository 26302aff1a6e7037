// Ticks from the timer inside the local APIC: no port, no wire, one timer per processor.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "apic.inc"

#define TIMER_VECTOR 0x40
#define ONE_SHOT_VECTOR 0x41
#define PERIODIC 0x20000            // bit 17 of the timer's register; 0 means once
#define DIVIDE_BY_16 0b0011
#define COUNT 200000                // a few milliseconds: how fast it counts depends on the machine

.section .text.start, "ax"
.code64
.globl start
start:
  call load_idt
  SET_GATE TIMER_VECTOR, tick
  SET_GATE ONE_SHOT_VECTOR, last_tick
  call enable_local_apic
  mov ebx, LOCAL_APIC
  mov dword ptr [rbx + APIC_TIMER_DIVIDE], DIVIDE_BY_16

  // Periodic: when the count reaches 0 it interrupts and starts again by itself.
  mov dword ptr [rbx + APIC_TIMER], PERIODIC | TIMER_VECTOR
  mov dword ptr [rbx + APIC_TIMER_INITIAL_COUNT], COUNT
  mov r12d, 5
  lea r13, [rip + ticks]
  call sleep
  mov dword ptr [rbx + APIC_TIMER_INITIAL_COUNT], 0     // stop
  PRINT "periodic: 5 ticks\n"

  // One shot: one tick, after which the count stays at 0. It has a vector of its own: a sixth periodic tick
  // may have come before the timer stopped, and is not what we wait for.
  mov dword ptr [rbx + APIC_TIMER], ONE_SHOT_VECTOR
  mov dword ptr [rbx + APIC_TIMER_INITIAL_COUNT], COUNT
  mov r12d, 1
  lea r13, [rip + last_ticks]
  call sleep
  mov eax, [rbx + APIC_TIMER_CURRENT_COUNT]
  PRINT "one shot: 1 tick, and the count stands at "
  PRINT_DECIMAL rax
  PRINT "\n"
  EXIT 0

// Sleeps until the number of ticks at R13 reaches R12.
sleep:
  cli                               // nothing may come between looking and sleeping:
  cmp [r13], r12d
  jae .Lslept
  sti                               // `sti` takes effect after the next instruction
  hlt
  jmp sleep
.Lslept:
  ret

tick:
  inc dword ptr [rip + ticks]
  call end_of_interrupt
  iretq

last_tick:
  inc dword ptr [rip + last_ticks]
  call end_of_interrupt
  iretq

.data
ticks:
  .long 0
last_ticks:
  .long 0
