// The end of an interrupt without an exit. Before a handler runs, KVM may set bit 0 of a word in the guest's memory:
// then it is enough to clear the bit, and KVM sees that when it next looks. Where the bit is not set, or no longer,
// the local APIC must be told as ever.
//
// KVM takes the bit back when the processor leaves the guest. A KVM that emulates ring 0 leaves the guest at each
// instruction there, so that a handler never sees the bit. But KVM writes the whole byte, and so it is seen to have
// set the bit by what stood in the byte's other bits.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "apic.inc"
#include "kvm.inc"

#define VECTOR 0x60
#define TO_MYSELF 0x44000           // the command register: delivery mode 0, level asserted, to oneself
#define ROUNDS 10
#define MARK 0xa4

.section .text.start, "ax"
.code64
.globl start
start:
  PRINT "end of interrupt: "
  NEED_KVM_FEATURE KVM_EOI
  call load_idt
  SET_GATE VECTOR, handler
  call enable_local_apic
  lea rbx, [rip + word]             // it must be 0 at first
  SET_MSR KVM_EOI_MSR, ebx
  or eax, KVM_ENABLE
  wrmsr

  mov ebp, LOCAL_APIC
  xor r14d, r14d                    // how many interrupts came
  xor r15d, r15d                    // how many of them KVM has noted in the word
  xor r12d, r12d                    // how many were ended by it
.Lnext:
  mov r13d, r14d
  mov byte ptr [rbx], MARK
  mov dword ptr [rbp + APIC_COMMAND_LOW], TO_MYSELF | VECTOR
  sti
.Lwait:
  out POST_PORT, al
  cmp r14d, r13d                    // the next one comes only if the one before has ended
  je .Lwait
  cli
  cmp byte ptr [rbx], MARK
  je .Lnot_noted
  inc r15d
.Lnot_noted:
  cmp r14d, ROUNDS
  jb .Lnext

  PRINT_DECIMAL r14
  PRINT " interrupts, noted in memory: "
  PRINT_DECIMAL r15
  PRINT ", ended there: "
  PRINT_DECIMAL r12
  PRINT "\n"
  SET_MSR KVM_EOI_MSR, 0
  EXIT 0

handler:
  btr dword ptr [rbx], 0
  jnc .Lby_register
  inc r12d
  jmp .Lended
.Lby_register:
  call end_of_interrupt
.Lended:
  inc r14d
  iretq

.data
  .balign 4
word:
  .long 0
