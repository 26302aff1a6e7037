// A kernel and a program. The program runs in ring 3, where it can compute but not touch the
// machine: for that it asks the kernel, with the instruction `syscall`.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "user64.inc"

#define GENERAL_PROTECTION 13
#define PAGE_FAULT 14

#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081         // the selectors for both directions
#define MSR_LSTAR 0xc0000082        // where the kernel begins
#define MSR_SFMASK 0xc0000084       // flags to clear on the way in

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
  SET_GATE GENERAL_PROTECTION, general_protection
  SET_GATE PAGE_FAULT, page_fault

  mov ecx, MSR_EFER
  rdmsr
  or eax, 1                         // SCE: there are system calls
  wrmsr
  mov ecx, MSR_STAR
  xor eax, eax
  mov edx, ((SYSRET_SELECTOR | RING3) << 16) | KERNEL_CODE_SELECTOR
  wrmsr
  mov ecx, MSR_LSTAR
  lea rax, [rip + system_call]
  xor edx, edx
  wrmsr
  mov ecx, MSR_SFMASK
  mov eax, FLAG_INTERRUPTS          // interrupts off in the kernel
  xor edx, edx
  wrmsr

  PRINT "kernel: starting a program in ring 3\n"
  ENTER_USER program

// `syscall` has put the program's RIP into RCX and its flags into R11, and has changed nothing
// else. RSP still points where the program says: a kernel must not trust that.
system_call:
  mov [rip + program_stack], rsp
  lea rsp, [rip + interrupt_stack_top]
  cmp eax, CALL_PRINT
  je call_print
  cmp eax, CALL_PRINT_NUMBER
  je call_print_number
  cmp eax, CALL_EXIT
  je call_exit
  mov rax, -1                       // no such call
  jmp return_to_program

call_print:
  mov rsi, rdi
  call print
  jmp return_to_program

call_print_number:
  PRINT_DECIMAL rdi
  jmp return_to_program

call_exit:
  PRINT "kernel: the program ended with "
  PRINT_DECIMAL rdi
  PRINT "\n"
  mov eax, edi
  out EXIT_PORT, al
  hlt

return_to_program:
  mov rsp, [rip + program_stack]
  sysretq                           // RIP = RCX, flags = R11, ring 3

// What the program may not do ends up here. A real kernel would kill it; this one steps over
// the instruction, which it knows to be one byte long (cli) or two (mov [rax], al).
general_protection:
  PRINT "kernel: general protection fault in ring "
  push rax
  mov rax, [rsp + 24]               // above RAX: error code, RIP, CS
  and eax, 3
  PRINT_DECIMAL rax
  PRINT "\n"
  pop rax
  inc qword ptr [rsp + 8]
  add rsp, 8                        // the error code
  iretq

page_fault:
  PRINT "kernel: page fault, error code "
  push rax
  mov rax, [rsp + 8]
  PRINT_DECIMAL rax
  PRINT "\n"
  pop rax
  add qword ptr [rsp + 8], 2
  add rsp, 8
  iretq

.bss
program_stack:
  .quad 0

// The program. It knows nothing of where the kernel has put it: all its addresses are relative.
.section .data.user, "aw"
program:
  lea rdi, [rip + hello]
  mov eax, CALL_PRINT
  syscall

  // Ring 3 computes at the speed of the processor, under every kind of virtual machine.
  xor edi, edi
  mov ecx, 100000
add_up:
  add rdi, rcx
  dec ecx
  jnz add_up
  mov eax, CALL_PRINT_NUMBER
  syscall
  lea rdi, [rip + end_of_line]
  mov eax, CALL_PRINT
  syscall

  cli                               // refused: error of kind 13, general protection
  lea rax, [rip + program]          // the program's own code, which it may only read:
  mov [rax], al                     // refused: page fault. 7 = present (1), write (2), user (4)
  mov edi, 0
  mov eax, CALL_EXIT
  syscall

hello:
  .asciz "program: hello from ring 3. 1 + 2 + ... + 100000 = "
end_of_line:
  .asciz "\n"
