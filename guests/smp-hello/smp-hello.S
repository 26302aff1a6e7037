// Every processor says hello, one after the other. Processor 0 wakes the others; include/smp.inc
// tells how.
#include "platform.h"
#include "console64.inc"
#include "apic.inc"
#include "smp.inc"

.section .text.start, "ax"
.code64
.globl start
start:
  call enable_local_apic
  call count_processors
  mov ebx, eax
  PRINT "processors: "
  PRINT_DECIMAL rbx
  PRINT "\n"
  mov ecx, 0
  call hello

  mov ecx, 1
  lea rdx, [rip + hello]
next:
  cmp ecx, ebx
  jae done
  call start_processor
wait_for_hello:
  pause
  lea eax, [ecx + 1]
  cmp [rip + said_hello], eax       // it counts itself when it has finished its sentence
  jb wait_for_hello
  inc ecx
  jmp next
done:
  PRINT "all here\n"
  cli                               // the others have halted for good; now so do we,
  hlt                               // and with its last processor the machine ends

// Runs on every processor, with its number in ECX.
hello:
  push rax
  mov eax, LOCAL_APIC
  mov eax, [rax + APIC_ID]          // each processor reads its own APIC here
  shr eax, 24
  PRINT "hello from processor "
  PRINT_DECIMAL rax
  cmp eax, ecx
  je .Lright
  PRINT ", which was called "
  PRINT_DECIMAL rcx
.Lright:
  PRINT "\n"
  lock inc dword ptr [rip + said_hello]
  pop rax
  ret

.data
said_hello:
  .long 0
