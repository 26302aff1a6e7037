// The task priority: CR8 holds interrupts back whose vector is of its class or a lower one. It is the same
// value as bits 7:4 of the local APIC's task-priority register.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "apic.inc"

#define VECTOR 0x58                 // class 5
#define TO_ITSELF 0x44000           // the command: destination shorthand "self", assert

.section .text.start, "ax"
.code64
.globl start
start:
  call load_idt
  SET_GATE VECTOR, handler
  call enable_local_apic
  mov ebx, LOCAL_APIC

  mov eax, 7
  mov cr8, rax
  mov eax, [rbx + APIC_TASK_PRIORITY]
  PRINT "CR8 7: the task-priority register is "
  PRINT_HEX rax, 2
  PRINT "\n"
  mov dword ptr [rbx + APIC_TASK_PRIORITY], 0x60
  mov rax, cr8
  PRINT "the register 60: CR8 is "
  PRINT_DECIMAL rax
  PRINT "\n"

  sti
  mov dword ptr [rbx + APIC_COMMAND_LOW], TO_ITSELF | VECTOR
  nop
  mov eax, [rip + count]
  PRINT "an interrupt of class 5: "
  PRINT_DECIMAL rax
  PRINT " came\n"
  mov eax, 5
  mov cr8, rax
  nop
  mov eax, [rip + count]
  PRINT "CR8 5: "
  PRINT_DECIMAL rax
  PRINT " came\n"
  mov eax, 4
  mov cr8, rax
  // At once on a processor; a virtual one may take a moment.
  mov ecx, 100000
.Lwait:
  mov eax, [rip + count]
  test eax, eax
  loopz .Lwait
  PRINT "CR8 4: "
  PRINT_DECIMAL rax
  PRINT " came\n"
  EXIT 0

handler:
  inc dword ptr [rip + count]
  call end_of_interrupt
  iretq

.data
count:
  .long 0
