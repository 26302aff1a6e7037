// System calls as they were made before there was an instruction for it: a software interrupt,
// through a gate of the IDT that ring 3 may use. The processor itself changes the stack (to the
// one which the task state segment names), and `iretq` changes it back.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "user64.inc"

#define GENERAL_PROTECTION 13
#define SYSTEM_CALL 0x80

.section .text.start, "ax"
.code64
.globl start
start:
  call prepare_user_mode
  call load_idt
  SET_GATE SYSTEM_CALL, system_call, 0xee       // 0xee: ring 3 may
  SET_GATE GENERAL_PROTECTION, general_protection
  ENTER_USER program

// RDI: a text to print, or 0 to end.
system_call:
  test rdi, rdi
  jz .Lend
  push rsi
  mov rsi, rdi
  call print
  pop rsi
  iretq
.Lend:
  PRINT "kernel: that was all\n"
  EXIT 0

// Vector 0x81 has no gate for ring 3. The error code names the vector: its number times 8,
// plus 2 for "in the IDT".
general_protection:
  PRINT "kernel: general protection fault, error code "
  push rax
  mov rax, [rsp + 8]
  PRINT_HEX rax, 4
  PRINT "\n"
  pop rax
  add qword ptr [rsp + 8], 2        // step over `int 0x81`, two bytes
  add rsp, 8                        // the error code
  iretq

.section .data.user, "aw"
program:
  lea rdi, [rip + hello]
  int 0x80
  int 0x81
  lea rdi, [rip + again]
  int 0x80
  xor edi, edi
  int 0x80
hello:
  .asciz "program: hello from ring 3\n"
again:
  .asciz "program: still here\n"
