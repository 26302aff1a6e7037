// Linux calls this device pvpanic: a kernel that cannot go on says so by one write, and whoever
// watches the machine knows at once instead of waiting for a timeout. Exit status 103.
#include "platform.h"
#include "console64.inc"

#define PANICKED 1                  // bit 0

.section .text.start, "ax"
.code64
.globl start
start:
  mov dx, PVPANIC
  in al, dx                         // reading tells which events the device understands
  test al, PANICKED
  jz no_device
  PRINT "Kernel panic: this is only a test.\n"
  mov al, PANICKED
  mov dx, PVPANIC
  out dx, al
no_device:
  EXIT 1
