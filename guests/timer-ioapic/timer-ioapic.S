// The same PIT as in timer-pit, by the modern way: its wire also ends at pin 2 of the I/O APIC,
// which sends a message to the local APIC of the processor we name.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "apic.inc"

#define TICK_VECTOR 0x50
#define PIT_PIN 2                   // IRQ 0 is on pin 2; the other lines keep their numbers
#define DIVISOR (PIT_HERTZ / 100)

.section .text.start, "ax"
.code64
.globl start
start:
  call load_idt
  SET_GATE TICK_VECTOR, tick
  call enable_local_apic

  mov al, 0xff                      // no interrupt by way of the old controllers
  out PIC1_DATA, al
  out PIC2_DATA, al

  // Each pin has a 64-bit redirection entry, reached as two registers from index 0x10 on.
  mov ebx, IO_APIC_INDEX
  mov ecx, IO_APIC_WINDOW
  mov dword ptr [rbx], 0x10 + 2 * PIT_PIN + 1
  mov dword ptr [rcx], 0            // high half: to the local APIC with identifier 0
  mov dword ptr [rbx], 0x10 + 2 * PIT_PIN
  mov dword ptr [rcx], TICK_VECTOR  // low half: fixed delivery, edge, active high, not masked
  mov eax, [rcx]
  PRINT "redirection entry 2: "
  PRINT_HEX rax, 8
  PRINT "\n"

  mov al, 0b00110100                // channel 0, low byte then high byte, mode 2, binary
  out PIT_COMMAND, al
  mov al, DIVISOR & 0xff
  out PIT_CHANNEL0, al
  mov al, DIVISOR >> 8
  out PIT_CHANNEL0, al

sleep:
  cli                               // nothing may come between looking and sleeping:
  cmp dword ptr [rip + ticks], 5
  jae done
  sti                               // `sti` takes effect after the next instruction
  hlt
  jmp sleep
done:
  mov dword ptr [rcx], 0x10000      // masked again
  PRINT "5 ticks through the I/O APIC\n"
  EXIT 0

tick:
  inc dword ptr [rip + ticks]
  call end_of_interrupt
  iretq

.data
ticks:
  .long 0
