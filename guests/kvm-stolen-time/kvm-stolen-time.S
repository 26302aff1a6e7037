// Stolen time: how long the host let this processor wait while it wanted to run. The host adds to a record in the
// guest's memory each time before the guest runs on.
#include "platform.h"
#include "console64.inc"
#include "kvm.inc"

// The record (struct kvm_steal_time), aligned to its 64 bytes.
#define STOLEN 0                    // 64 bits: nanoseconds
#define VERSION 8                   // 32 bits: odd while the host writes
#define FLAGS 12                    // 32 bits: none has a meaning
#define PREEMPTED 16                // 8 bits: not 0 while the host lets the processor wait
#define PADDING 20

.section .text.start, "ax"
.code64
.globl start
start:
  PRINT "stolen time: "
  NEED_KVM_FEATURE KVM_STOLEN_TIME

  // The host adds, so the record begins with zeros. Three things of it are not as they are to be: the host must
  // make the version even, and say that we run; and it has no business in the padding.
  lea rbx, [rip + record]
  mov qword ptr [rbx + STOLEN], 0
  mov dword ptr [rbx + VERSION], 7
  mov dword ptr [rbx + FLAGS], 0
  mov dword ptr [rbx + PREEMPTED], 1
  mov dword ptr [rbx + PADDING], 0xa5a5a5a5
  SET_MSR KVM_STOLEN_TIME_MSR, ebx
  or eax, KVM_ENABLE
  wrmsr

  out POST_PORT, al                 // leads to the host and back
  mov r12d, [rbx + VERSION]
  cmp r12d, 7
  MUST ne, "the record was not written"
  test r12d, 1
  MUST z, "the version is odd"
  cmp byte ptr [rbx + PREEMPTED], 0
  MUST e, "it says that this processor does not run"
  PRINT "the host writes, "

  mov r13, [rbx + STOLEN]
  mov ecx, 20
.Lagain:
  out POST_PORT, al
  dec ecx
  jnz .Lagain
  mov eax, [rbx + VERSION]
  test eax, 1
  MUST z, "the version is odd"
  cmp eax, r12d
  MUST ne, "the host wrote once and never again"
  cmp [rbx + STOLEN], r13
  MUST ae, "stolen time became less"
  // Sixty seconds: the machine does not live so long.
  mov rax, 60000000000
  cmp [rbx + STOLEN], rax
  MUST b, "more was stolen than there was"
  cmp dword ptr [rbx + PADDING], 0xa5a5a5a5
  MUST e, "the host wrote beside its record"
  PRINT "goes on, "

  SET_MSR KVM_STOLEN_TIME_MSR, 0
  out POST_PORT, al
  mov r12d, [rbx + VERSION]
  out POST_PORT, al
  cmp [rbx + VERSION], r12d
  MUST e, "it was switched off, and the host still writes"
  PRINT "and ends when it is told to\n"
  EXIT 0

.bss
  .balign 64
record:
  .skip 64
