// The local APIC by model-specific registers instead of a page of memory (x2APIC), and its timer by the
// time-stamp counter where there is one.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"

#define SELF_VECTOR 0x41
#define TIMER_VECTOR 0x42

#define IA32_APIC_BASE 0x1b
#define IA32_TSC_DEADLINE 0x6e0
// The register at offset N of the page is the model-specific register 0x800 + N / 16.
#define X2APIC(offset) (0x800 + (offset) / 16)
#define X2APIC_SELF_IPI 0x83f       // only x2APIC has it: one write instead of a command
#define TSC_DEADLINE_MODE 0x40000   // bits 18:17 of the timer's register

// WRITE_MSR register, value (32 bits). Changes RAX, RCX and RDX.
.macro WRITE_MSR register, value
  mov ecx, \register
  mov eax, \value
  xor edx, edx
  wrmsr
.endm

.section .text.start, "ax"
.code64
.globl start
start:
  call load_idt
  SET_GATE SELF_VECTOR, self_handler
  SET_GATE TIMER_VECTOR, timer_handler

  mov eax, 1
  cpuid
  mov r13d, ecx
  bt r13d, 21
  jnc .Lno_x2apic

  // Bit 10 of IA32_APIC_BASE switches from xAPIC to x2APIC.
  mov ecx, IA32_APIC_BASE
  rdmsr
  or eax, 1 << 10
  wrmsr
  mov ecx, X2APIC(APIC_ID)
  rdmsr
  PRINT "x2APIC ID "
  mov eax, eax
  PRINT_DECIMAL rax
  PRINT "\n"
  WRITE_MSR X2APIC(APIC_SPURIOUS_VECTOR), 0x1ff

  WRITE_MSR X2APIC_SELF_IPI, SELF_VECTOR
  lea rbx, [rip + self_count]
  call sleep
  PRINT "an interrupt from itself\n"

  bt r13d, 24
  jc .Ldeadline
  WRITE_MSR X2APIC(APIC_TIMER), TIMER_VECTOR
  WRITE_MSR X2APIC(APIC_TIMER_INITIAL_COUNT), 1000000
  jmp .Lwait
.Ldeadline:
  WRITE_MSR X2APIC(APIC_TIMER), TSC_DEADLINE_MODE | TIMER_VECTOR
  rdtsc
  shl rdx, 32
  lea rsi, [rdx + rax]
  add rsi, 1000000                  // less than a millisecond
  mov rax, rsi
  mov rdx, rsi
  shr rdx, 32
  mov ecx, IA32_TSC_DEADLINE
  wrmsr
.Lwait:
  lea rbx, [rip + timer_count]
  call sleep
  bt r13d, 24
  jnc .Lon_time
  // The interrupt must not come early, and the register is 0 again.
  rdtsc
  shl rdx, 32
  or rax, rdx
  cmp rax, rsi
  jb .Learly
  mov ecx, IA32_TSC_DEADLINE
  rdmsr
  or eax, edx
  jnz .Learly
.Lon_time:
  PRINT "an interrupt from the timer\n"
  EXIT 0
.Learly:
  PRINT "the timer was early\n"
  EXIT 1
.Lno_x2apic:
  PRINT "this processor has no x2APIC\n"
  EXIT 2

// Sleeps until the counter at RBX is not 0.
sleep:
  cli
  cmp dword ptr [rbx], 0
  jne .Lslept
  sti
  hlt
  jmp sleep
.Lslept:
  ret

self_handler:
  inc dword ptr [rip + self_count]
  jmp end
timer_handler:
  inc dword ptr [rip + timer_count]
end:
  push rax
  push rcx
  push rdx
  WRITE_MSR X2APIC(APIC_END_OF_INTERRUPT), 0
  pop rdx
  pop rcx
  pop rax
  iretq

.data
self_count:
  .long 0
timer_count:
  .long 0
