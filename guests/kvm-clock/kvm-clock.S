// KVM's clock: a record in the guest's memory by which the time-stamp counter becomes nanoseconds, without an exit.
// The host changes it when it likes, and while it does so its version is odd.
#include "platform.h"
#include "console64.inc"
#include "pit.inc"
#include "kvm.inc"

// The clock's record (struct pvclock_vcpu_time_info).
#define VERSION 0                   // 32 bits
#define COUNTER 8                   // 64 bits: the time-stamp counter when the record was made
#define NANOSECONDS 16              // 64 bits: the time at that moment
#define MULTIPLIER 24               // 32 bits: nanoseconds per count, a fraction of 2^32
#define SHIFT 28                    // 8 bits, signed: the counts are shifted left by it before

// The wall clock's (struct pvclock_wall_clock): version, seconds since 1970 at time 0, and nanoseconds.
#define WALL_SECONDS 4
#define SECONDS_UNTIL_2020 1577836800

#define POISON 0xa5a5a5a5

.section .text.start, "ax"
.code64
.globl start
start:
  PRINT "clock: "
  NEED_KVM_FEATURE KVM_CLOCK

  // The record lies in memory that was full of other things, with an odd version.
  lea rdi, [rip + clock]
  mov ecx, 32 / 4
  mov eax, POISON
  cld
  rep stosd
  lea rsi, [rip + clock]
  SET_MSR KVM_SYSTEM_TIME_MSR, esi
  or eax, KVM_ENABLE
  wrmsr
  mov eax, [rsi + VERSION]
  test al, 1
  MUST z, "the version is odd"
  mov eax, [rsi + MULTIPLIER]
  test eax, eax
  MUST nz, "the multiplier is 0"
  cmp eax, POISON
  MUST ne, "the record was not written"

  // As much time passes as by another clock, or more: who knows what the host does between.
  call read_clock
  mov r12, rax
  mov ecx, 10
  call wait_milliseconds
  call read_clock
  sub rax, r12
  cmp rax, 9900000
  MUST ge, "10 ms by the interval timer were less by this clock"
  PRINT "it goes\n"

  // It never goes back.
  call read_clock
  mov ebx, 200
.Lagain:
  mov r12, rax
  call read_clock
  cmp rax, r12
  MUST ae, "the clock went back"
  dec ebx
  jnz .Lagain
  PRINT "it never goes back\n"

  // The wall clock's record is written once for each write of its register.
  mov dword ptr [rip + wall_clock], POISON
  lea rsi, [rip + wall_clock]
  SET_MSR KVM_WALL_CLOCK_MSR, esi
  test dword ptr [rsi + VERSION], 1
  MUST z, "the wall clock's version is odd"
  cmp dword ptr [rsi + WALL_SECONDS], SECONDS_UNTIL_2020
  MUST a, "the machine was made before 2020"
  PRINT "the machine was made after 2020\n"

  SET_MSR KVM_SYSTEM_TIME_MSR, 0    // off: from now on nobody writes there
  EXIT 0

// RAX = the clock's nanoseconds. Changes RCX, RDX, RDI and R8.
read_clock:
  lea rsi, [rip + clock]
.Lretry:
  mov edi, [rsi + VERSION]
  test edi, 1
  jnz .Lretry                       // the host is writing
  rdtsc                             // EDX:EAX
  shl rdx, 32
  or rax, rdx
  sub rax, [rsi + COUNTER]
  movsx ecx, byte ptr [rsi + SHIFT]
  test ecx, ecx
  js .Lright
  shl rax, cl
  jmp .Lshifted
.Lright:
  neg ecx
  shr rax, cl
.Lshifted:
  mov r8d, [rsi + MULTIPLIER]
  mul r8                            // RDX:RAX, of which we want the bits from 32 on
  shrd rax, rdx, 32
  add rax, [rsi + NANOSECONDS]
  cmp edi, [rsi + VERSION]
  jne .Lretry                       // the host wrote meanwhile: what we read does not belong together
  ret

.bss
  .balign 64
clock:
  .skip 32
wall_clock:
  .skip 16
