// The whole machine as one command with an exit status: what a guest writes to the exit port is
// the status of `swiftvm`. A kernel's test can say "passed" or "failed" in one instruction.
#include "platform.h"

.section .text.start, "ax"
.code16
.globl start
start:
  EXIT 42
