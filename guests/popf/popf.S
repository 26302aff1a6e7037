// The instruction which made x86 hard to virtualize. `popf` loads the flags from the stack, among
// them IF, which says whether interrupts may come. In ring 0 it does that. In ring 3 it must not
// change IF, and instead of trapping, so that a hypervisor could step in, it changes the
// harmless flags and silently leaves IF alone. A kernel that is put into ring 3 without its
// knowledge, as the first hypervisors did, would believe that it has switched interrupts off.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "user64.inc"

#define BREAKPOINT 3
#define FLAG_CARRY 1

.section .text.start, "ax"
.code64
.globl start
start:
  call prepare_user_mode
  call load_idt
  SET_GATE BREAKPOINT, report, 0xee
  PRINT "asked for           got\n"

  push FLAG_INTERRUPTS | 2
  popfq
  pushfq
  pop rdi
  cli
  PRINT "ring 0: IF=1        "
  call print_flags

  push 2
  popfq
  pushfq
  pop rdi
  PRINT "ring 0: IF=0        "
  call print_flags

  push FLAG_IOPL | FLAG_CARRY | 2
  popfq
  pushfq
  pop rdi
  push 2
  popfq
  PRINT "ring 0: IOPL=3 CF=1 "
  call print_flags

  ENTER_USER program                // with IF=1

// From ring 3: RSI numbers the question, RDI is the answer.
report:
  cmp esi, 1
  je .Lfirst
  cmp esi, 2
  je .Lsecond
  cmp esi, 3
  je .Lthird
  EXIT 0
.Lfirst:
  PRINT "ring 3: IF=0        "
  jmp .Lanswer
.Lsecond:
  PRINT "ring 3: IOPL=3      "
  jmp .Lanswer
.Lthird:
  PRINT "ring 3: CF=1        "
.Lanswer:
  call print_flags
  iretq

// Prints what RDI, a copy of RFLAGS, says of IF, IOPL and CF. Changes RAX.
print_flags:
  PRINT "IF="
  mov eax, edi
  shr eax, 9
  and eax, 1
  PRINT_DECIMAL rax
  PRINT " IOPL="
  mov eax, edi
  shr eax, 12
  and eax, 3
  PRINT_DECIMAL rax
  PRINT " CF="
  mov eax, edi
  and eax, FLAG_CARRY
  PRINT_DECIMAL rax
  PRINT "\n"
  ret

.section .data.user, "aw"
program:
  push 2                            // IF=0: no interrupts, please
  popfq
  pushfq
  pop rdi
  mov esi, 1
  int3

  push FLAG_IOPL | FLAG_INTERRUPTS | 2
  popfq
  pushfq
  pop rdi
  mov esi, 2
  int3

  push FLAG_INTERRUPTS | FLAG_CARRY | 2
  popfq
  pushfq
  pop rdi
  mov esi, 3
  int3

  xor esi, esi
  int3
