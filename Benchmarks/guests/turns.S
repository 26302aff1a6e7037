# A fixed amount of work, shared out evenly among all processors, none of which ever pauses: what it costs
# that they take turns. ROUNDS of a loop of ten instructions in all (at least as many as there are processors); then exit status 16. Flat 64-bit code at
# 1 MiB, ring 0.
.intel_syntax noprefix
.code64
.globl _start
_start:
  jmp begin

#define START_WITHOUT_WAITING
#include "platform.h"
#include "console64.inc"
#include "apic.inc"
#include "smp.inc"

.text
begin:
  call enable_local_apic
  call count_processors
  mov [rip + processors], eax
  mov ebx, eax
  mov ecx, 1
  lea rdx, [rip + share]
1:
  cmp ecx, ebx
  jae 2f
  call start_processor
  inc ecx
  jmp 1b
2:
  call share
3:
  cmp [rip + finished], ebx
  jne 3b
  mov eax, 16
  out 0xf4, al
  cli
  hlt

share:
  push rbx
  mov eax, ROUNDS
  xor edx, edx
  div dword ptr [rip + processors]
  mov r8d, eax
  lea rsi, [rip + processors]
1:
  mov rdi, [rsi]
  lea rax, [rdi + r8]
  xor rdi, rax
  add r9, rdi
  ror r9, 7
  imul r10, r9, 5
  cmp r10, r9
  adc r11, r10
  dec r8d
  jnz 1b
  lock inc dword ptr [rip + finished]
  pop rbx
  ret

.data
.balign 64
processors:
  .quad 0
finished:
  .quad 0
