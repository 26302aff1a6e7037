// Which of KVM's features for guests there are: by the names of the bits that are set.
#include "platform.h"
#include "console64.inc"
#include "kvm.inc"

// FEATURE bit, "name"
.macro FEATURE bit, name:vararg
  bt ebp, \bit
  jnc .Labsent\@
  PRINT " "
  PRINT \name
  PRINT ";"
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
  PRINT "\nthat is:"
  FEATURE 0, "clock, by its old registers"
  FEATURE 1, "no delay at ports"
  FEATURE 3, "clock"
  FEATURE 4, "page faults that are told before they are served"
  FEATURE 5, "stolen time"
  FEATURE 6, "end of interrupt in memory"
  FEATURE 7, "wake-up by hypercall"
  FEATURE 9, "TLB flush of vCPUs that do not run"
  FEATURE 11, "interrupts by hypercall"
  FEATURE 12, "control of polling"
  FEATURE 13, "turns given away by hypercall"
  FEATURE 14, "interrupts for pages that have come"
  FEATURE 24, "one clock for all vCPUs"
  PRINT " and others: "
  PRINT_HEX rbp, 8
  PRINT "\n"
  EXIT 0
