// The same division of labour as in user-mode, by the instruction made for it: `syscall` goes
// straight to an address which the kernel has named, without looking anything up in memory, and
// `sysret` goes back.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "user64.inc"

#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081         // the selectors for both directions
#define MSR_LSTAR 0xc0000082        // where the kernel begins
#define MSR_SFMASK 0xc0000084       // flags to clear on the way in

// The system calls: number in RAX, argument in RDI, result in RAX.
#define CALL_PRINT 0
#define CALL_EXIT 1

.section .text.start, "ax"
.code64
.globl start
start:
  call prepare_user_mode
  call load_idt

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
  cmp eax, CALL_EXIT
  je call_exit
  mov rax, -1                       // no such call
  jmp return_to_program

call_print:
  push rsi
  mov rsi, rdi
  call print
  pop rsi
  xor eax, eax
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

.bss
  .balign 8
program_stack:
  .skip 8

.section .data.user, "aw"
program:
  lea rdi, [rip + hello]
  mov eax, CALL_PRINT
  syscall
  mov eax, 99
  syscall
  cmp rax, -1                       // the kernel knows no call 99
  jne wrong
  lea rdi, [rip + refused]
  mov eax, CALL_PRINT
  syscall
  mov edi, 0
  mov eax, CALL_EXIT
  syscall
wrong:
  mov edi, 1
  mov eax, CALL_EXIT
  syscall

hello:
  .asciz "program: hello from ring 3\n"
refused:
  .asciz "program: there is no call 99\n"
