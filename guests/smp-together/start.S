// Wakes all other processors by one message to everybody. Each finds its own number and stack, and says in a table
// who it is; guest_main, in C, waits for them and compares.
#include "platform.h"
#include "apic.inc"
#include "smp.inc"

.section .text.start, "ax"
.code64
.globl start
start:
  lea rdi, [rip + bss_start]
  lea rcx, [rip + bss_end]
  sub rcx, rdi
  shr rcx, 3
  xor eax, eax
  rep stosq
  mov dword ptr [rip + taken], 1    // number 0 is ours
  call enable_local_apic
  mov ecx, 0
  call enter_in_table
  lea rdx, [rip + arrive]
  call start_all_others
  call guest_main
  cli
  hlt

// On every other processor, at any time and in any order.
arrive:
  mov ecx, 1
  lock xadd [rip + taken], ecx      // ECX = the number that was next: nobody else gets it
  cmp ecx, MOST_PROCESSORS
  jae .Lone_too_many
  lea eax, [ecx + 1]
  imul eax, eax, STACK_SIZE
  lea rsp, [rip + stacks]
  add rsp, rax
  call enter_in_table
.Lone_too_many:
  cli
  hlt
  jmp .Lone_too_many

// Writes this processor's identifiers, as three sources tell them, into entry ECX of the table.
enter_in_table:
  push rbx
  lea rdi, [rip + processors]
  imul esi, ecx, 12
  add rdi, rsi
  mov eax, LOCAL_APIC
  mov eax, [rax + APIC_ID]
  shr eax, 24
  mov [rdi], eax
  mov eax, 1
  cpuid
  shr ebx, 24                       // EBX bits 31-24: the initial identifier
  mov [rdi + 4], ebx
  xor eax, eax
  cpuid
  mov edx, [rdi + 4]
  cmp eax, 0xb
  jb .Lno_topology                  // an old processor does not tell it again
  mov eax, 0xb
  xor ecx, ecx
  cpuid                             // EDX: the identifier, in 32 bits
.Lno_topology:
  mov [rdi + 8], edx
  pop rbx
  lock inc dword ptr [rip + arrived]
  ret

.globl processors, arrived
.bss
  .balign 8
processors:
  .skip MOST_PROCESSORS * 12
taken:
  .long 0
arrived:
  .long 0
