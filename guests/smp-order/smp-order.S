// Every processor writes its number into one log: the log is the order in which they ran.
//
// Nothing here waits for a clock, so that what happens is decided by the processors alone.
#define START_WITHOUT_WAITING
#include "platform.h"
#include "console64.inc"
#include "apic.inc"
#include "smp.inc"

#define ENTRIES 24                  // in the log, of each processor
#define WORK 700                    // between two of them, in rounds of a loop of two instructions
#define ADDITIONS 8

.section .text.start, "ax"
.code64
.globl start
start:
  call enable_local_apic
  call count_processors
  mov [rip + processors], eax
  mov ebx, eax
  mov ecx, 1
  lea rdx, [rip + processor]
next:
  cmp ecx, ebx
  jae .Lall_started
  call start_processor
  inc ecx
  jmp next
.Lall_started:
  xor ecx, ecx
  call processor
.Lwait_for_the_others:
  pause
  cmp [rip + finished], ebx
  jne .Lwait_for_the_others

  PRINT "order: "
  imul ebx, ebx, ENTRIES
  lea rsi, [rip + log]
.Lprint_entry:
  movzx eax, byte ptr [rsi]
  PRINT_HEX rax, 1
  inc rsi
  dec ebx
  jnz .Lprint_entry
  PRINT "\ncounter: "
  mov eax, [rip + counter]
  PRINT_DECIMAL rax
  PRINT "\n"
  cli                               // the others have halted for good; now so do we
  hlt

// Runs on every processor, with its number in ECX.
processor:
  push rbx
  push rcx
  mov ebx, ecx
  lock inc dword ptr [rip + ready]
.Lwait_for_all:
  mov eax, [rip + processors]
  cmp [rip + ready], eax
  jne .Lwait_for_all                // without PAUSE: whoever waits like this uses its turn up

  mov r8d, ENTRIES
  lea rdi, [rip + log]
.Lnext_entry:
  call work
  mov eax, 1
  lock xadd [rip + entries], eax    // this entry is ours alone
  mov [rdi + rax], bl
  dec r8d
  jnz .Lnext_entry

  mov r8d, ADDITIONS
.Lnext_addition:
  mov eax, [rip + counter]
  inc eax
  call work                         // who comes between is overwritten
  mov [rip + counter], eax
  dec r8d
  jnz .Lnext_addition
  lock inc dword ptr [rip + finished]
  pop rcx
  pop rbx
  ret

// Works a little longer the higher the processor's number in EBX is. Changes ECX.
work:
  imul ecx, ebx, 50
  add ecx, WORK
.Lworking:
  dec ecx
  jnz .Lworking
  ret

.data
processors:
  .long 0
ready:
  .long 0
entries:
  .long 0
counter:
  .long 0
finished:
  .long 0

.bss
log:
  .skip MOST_PROCESSORS * ENTRIES
