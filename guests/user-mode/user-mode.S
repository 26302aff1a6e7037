// A kernel and a program. The program runs in ring 3, where it can compute but not touch the
// machine: for that it asks the kernel. Any exception leads from ring 3 to ring 0; this program
// calls with the breakpoint instruction `int3`, which works in every virtual machine we know.
// (user-mode-int and user-mode-syscall show the usual ways.)
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "user64.inc"

#define BREAKPOINT 3
#define GENERAL_PROTECTION 13
#define PAGE_FAULT 14

// The system calls: number in RAX, argument in RDI.
#define CALL_PRINT 0
#define CALL_PRINT_NUMBER 1
#define CALL_EXIT 2

.section .text.start, "ax"
.code64
.globl start
start:
  call prepare_user_mode
  call load_idt
  SET_GATE BREAKPOINT, system_call, 0xee        // 0xee: ring 3 may
  SET_GATE GENERAL_PROTECTION, general_protection
  SET_GATE PAGE_FAULT, page_fault

  PRINT "kernel: starting a program in ring 3\n"
  ENTER_USER program

// The processor has changed to our stack (the one which the task state segment names) and has
// pushed where the program was: SS, RSP, RFLAGS, CS and RIP.
system_call:
  cmp eax, CALL_PRINT
  je call_print
  cmp eax, CALL_PRINT_NUMBER
  je call_print_number
  cmp eax, CALL_EXIT
  je call_exit
  mov rax, -1                       // no such call
  iretq

call_print:
  push rsi
  mov rsi, rdi
  call print
  pop rsi
  iretq                             // back to the program, its stack and its ring

call_print_number:
  PRINT_DECIMAL rdi
  iretq

call_exit:
  PRINT "kernel: the program ended with "
  PRINT_DECIMAL rdi
  PRINT "\n"
  mov eax, edi
  out EXIT_PORT, al
  hlt

// What the program may not do ends up here. A real kernel would kill it; this one says so and
// steps over the instruction, whose length it knows: `cli` has one byte.
general_protection:
  push rax
  PRINT "kernel: general protection fault in ring "
  mov rax, [rsp + 24]               // above RAX: the error code, RIP, CS
  and eax, 3                        // the low two bits of CS are the ring
  PRINT_DECIMAL rax
  PRINT "\n"
  inc qword ptr [rsp + 16]
  pop rax
  add rsp, 8                        // the error code
  iretq

// `mov [rax], al` has two bytes.
page_fault:
  push rax
  PRINT "kernel: page fault, error code "
  mov rax, [rsp + 8]
  PRINT_DECIMAL rax
  PRINT "\n"
  add qword ptr [rsp + 16], 2
  pop rax
  add rsp, 8
  iretq

// The program. It knows nothing of where the kernel has put it: all its addresses are relative.
.section .data.user, "aw"
program:
  lea rdi, [rip + hello]
  mov eax, CALL_PRINT
  int3

  // Ring 3 computes at the speed of the processor, under every kind of virtual machine.
  xor edi, edi
  mov ecx, 100000
add_up:
  add rdi, rcx
  dec ecx
  jnz add_up
  mov eax, CALL_PRINT_NUMBER
  int3
  lea rdi, [rip + end_of_line]
  mov eax, CALL_PRINT
  int3

  cli                               // refused: general protection
  lea rax, [rip + program]          // the program's own code, which it may only read:
  mov [rax], al                     // refused: page fault. 7 = present (1), write (2), user (4)

  mov edi, 0
  mov eax, CALL_EXIT
  int3

hello:
  .asciz "program: hello from ring 3. 1 + 2 + ... + 100000 = "
end_of_line:
  .asciz "\n"
