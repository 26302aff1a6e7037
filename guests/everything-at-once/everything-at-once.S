// A program in ring 3 that computes in general, SSE and x87 registers, a kernel that changes the
// program's memory under it, and a timer that interrupts both. What is printed depends on every
// step of it, and on nothing else: whoever loses an interrupt, a flag, a register or a page of
// the program prints something else. It is the guest to move between engines.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "user64.inc"
#include "apic.inc"

#define DIVIDE_ERROR 0
#define INVALID_OPCODE 6
#define GENERAL_PROTECTION 13
#define PAGE_FAULT 14
#define TIMER_VECTOR 0x40
#define PERIODIC 0x20000
#define DIVIDE_BY_16 0b0011
#define COUNT 50000                 // about a millisecond

#define ROUNDS 256
#define USER_PAGE 0x8000002000      // where the program sees one of two frames, or nothing
#define CR4_SSE 0x600

.section .text.start, "ax"
.code64
.globl start
start:
  call prepare_user_mode
  call load_idt
  SET_GATE DIVIDE_ERROR, divide_error
  SET_GATE INVALID_OPCODE, invalid_opcode
  SET_GATE GENERAL_PROTECTION, end_of_round
  SET_GATE PAGE_FAULT, page_fault
  SET_GATE TIMER_VECTOR, tick
  mov rax, cr4
  or rax, CR4_SSE
  mov cr4, rax
  mov rax, 0x1111111111111111
  mov [rip + frames], rax
  mov rax, 0x2222222222222222
  mov [rip + frames + 4096], rax
  call enable_local_apic
  mov ebx, LOCAL_APIC
  mov dword ptr [rbx + APIC_TIMER_DIVIDE], DIVIDE_BY_16
  mov dword ptr [rbx + APIC_TIMER], PERIODIC | TIMER_VECTOR
  mov dword ptr [rbx + APIC_TIMER_INITIAL_COUNT], COUNT
  ENTER_USER program

// The program executed HLT, which only the kernel may: so it says that a round is over, with its
// result in R10. Its other registers are to be as they were.
end_of_round:
  push rax
  push rbx
  push rcx
  push rdx
  mov rax, [rip + checksum]
  rol rax, 7
  xor rax, r10
  // Work of the kernel's own: a locked counter, bits, a comparison, a string.
  mov ecx, 20
.Lkernel_work:
  lock xadd [rip + counter], rax
  mov rbx, [rip + counter]
  rcl rbx, 3
  adc rax, rbx
  bts qword ptr [rip + counter], 17
  lock cmpxchg [rip + counter], rbx
  mul rbx
  xor rax, rdx
  dec ecx
  jnz .Lkernel_work
  mov [rip + checksum], rax
  inc dword ptr [rip + rounds]
  mov eax, [rip + rounds]
  test eax, 63
  jnz .Lno_report
  PRINT "round "
  PRINT_DECIMAL rax
  PRINT ": "
  mov rbx, [rip + checksum]
  PRINT_HEX rbx, 16
  PRINT "\n"
.Lno_report:
  test eax, 3
  jnz .Lsame_frame
  // Take the page away: the program's next look at it is a page fault.
  mov qword ptr [rip + page_tables + 2 * 4096 + 16], 0
  mov rbx, USER_PAGE
  invlpg [rbx]
.Lsame_frame:
  test eax, 7
  jnz .Lnext_round
  // Put the other frame there, without a fault this time.
  call other_frame
  mov rbx, USER_PAGE
  invlpg [rbx]
.Lnext_round:
  cmp eax, ROUNDS
  pop rdx
  pop rcx
  pop rbx
  pop rax
  jae .Ldone
  add rsp, 8                        // the error code
  inc qword ptr [rsp]               // HLT is one byte
  iretq

.Ldone:
  sti
  hlt                               // one tick more at least
  cli
  cmp dword ptr [rip + ticks], 3
  jb .Ldone
  PRINT "pages: "
  mov eax, [rip + faults]
  PRINT_DECIMAL rax
  PRINT ", divisions: "
  mov eax, [rip + divisions]
  PRINT_DECIMAL rax
  PRINT ", invalid: "
  mov eax, [rip + invalid]
  PRINT_DECIMAL rax
  PRINT "\nthe timer ticked\n"
  EXIT 0

// The program's page is the other frame from now on. Changes RBX.
other_frame:
  xor dword ptr [rip + frame_offset], 4096
  mov ebx, [rip + frame_offset]
  push rax
  lea rax, [rip + frames + PRESENT + WRITABLE + USER]
  add rax, rbx
  mov [rip + page_tables + 2 * 4096 + 16], rax
  pop rax
  ret

page_fault:
  push rbx
  inc dword ptr [rip + faults]
  call other_frame
  pop rbx
  add rsp, 8
  iretq

divide_error:
  inc dword ptr [rip + divisions]
  add qword ptr [rsp], 3            // `div rcx` is three bytes
  iretq

invalid_opcode:
  inc dword ptr [rip + invalid]
  add qword ptr [rsp], 2            // `ud2` is two
  iretq

tick:
  inc dword ptr [rip + ticks]
  call end_of_interrupt
  iretq

.data
  .balign 8
checksum:
  .quad 0x0123456789abcdef
counter:
  .quad 0
frame_offset:
  .long 0
rounds:
  .long 0
ticks:
  .long 0
faults:
  .long 0
divisions:
  .long 0
invalid:
  .long 0

.bss
  .balign 4096
frames:
  .skip 2 * 4096

.section .data.user, "aw"
program:
  mov r8, 0x9e3779b97f4a7c15
  mov r9d, 1
  mov r12, USER_PAGE
  fninit
  fld1
  pxor xmm2, xmm2
  pxor xmm3, xmm3
  mov eax, 3
  cvtsi2sd xmm4, eax
next_round:
  mov ecx, 100
1:
  imul r9, r8
  add r9, rcx
  mov rax, r9
  rol rax, 13
  xor r10, rax
  adc r11, r10
  pushfq
  pop rdx
  and edx, 0x8d5                    // the status flags
  add r10, rdx
  movq xmm1, r9
  paddq xmm2, xmm1
  pshufd xmm2, xmm2, 0x4e
  pxor xmm3, xmm2
  mulsd xmm4, xmm4                  // grows, overflows,
  sqrtsd xmm4, xmm4                 // and comes back
  dec ecx
  jnz 1b
  // x87: a sum that stays exact.
  fld1
  faddp st(1), st
  fld st(0)
  fistp qword ptr [rsp - 16]
  xor r10, [rsp - 16]
  movq rax, xmm3
  add r10, rax
  movq rax, xmm4
  xor r10, rax
  add r10, r11
  // Memory that the kernel changes: the frame's number, then ours in it.
  mov rax, [r12]
  xor r10, rax
  rol qword ptr [r12], 3
  test r10b, 7
  jnz 2f
  xor ecx, ecx
  div rcx                           // the kernel steps over it
  ud2                               // and over this
2:
  hlt
  jmp next_round
