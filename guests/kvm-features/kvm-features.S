// Which of KVM's features for guests there are: one line for each bit that is set.
#include "platform.h"
#include "console64.inc"
#include "kvm.inc"

// FEATURE bit, "name"
.macro FEATURE bit, name:vararg
  bt ebp, \bit
  jnc .Labsent\@
  PRINT \name
  btr ebp, \bit                     // what is left over at the end has no name here
.Labsent\@:
.endm

.section .text.start, "ax"
.code64
.globl start
start:
  call kvm_features
  mov ebp, eax
  PRINT "features: "
  PRINT_HEX rbp, 8
  PRINT ", hints: "
  PRINT_HEX rdx, 8
  PRINT "\n"
  FEATURE 0, "clock, by its old registers\n"
  FEATURE 1, "no delay at ports\n"
  FEATURE 3, "clock\n"
  FEATURE 4, "page faults that are told before they are served\n"
  FEATURE 5, "stolen time\n"
  FEATURE 6, "end of interrupt in memory\n"
  FEATURE 7, "wake-up by hypercall\n"
  FEATURE 9, "TLB flush of vCPUs that do not run\n"
  FEATURE 11, "interrupts by hypercall\n"
  FEATURE 12, "control of polling\n"
  FEATURE 13, "turns given away by hypercall\n"
  FEATURE 14, "interrupts for pages that have come\n"
  FEATURE 24, "one clock for all vCPUs\n"
  PRINT "others: "
  PRINT_HEX rbp, 8
  PRINT "\n"
  EXIT 0
