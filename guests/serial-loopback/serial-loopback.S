// The UART examines itself: in loopback mode what it sends comes back to its own receiver, and
// nothing leaves the machine. So its queues can be filled, overrun and emptied.
#include "platform.h"
#include "console64.inc"

#define LOOPBACK 0x10
#define OVERRUN 0x02

.section .text.start, "ax"
.code64
.globl start
start:
  mov dx, COM1_MODEM_CONTROL
  mov al, LOOPBACK
  out dx, al
  mov dx, COM1_FIFO_CONTROL
  mov al, 0b0111                    // queues on, and both emptied
  out dx, al

  // Sixteen bytes fit into the queue.
  mov ecx, 16
  mov al, 'A'
  mov dx, COM1_DATA
fill:
  out dx, al
  inc al
  dec ecx
  jnz fill
  mov dx, COM1_LINE_STATUS
  in al, dx
  mov bl, al                        // before the seventeenth
  mov dx, COM1_DATA
  mov al, '!'
  out dx, al
  mov dx, COM1_LINE_STATUS
  in al, dx
  mov bh, al                        // after it

  // Take out what is there.
  lea rdi, [rip + received]
  xor ecx, ecx
drain:
  mov dx, COM1_LINE_STATUS
  in al, dx
  test al, LINE_STATUS_DATA_READY
  jz drained
  mov dx, COM1_DATA
  in al, dx
  mov [rdi + rcx], al
  inc ecx
  cmp ecx, 31
  jb drain
drained:
  mov byte ptr [rdi + rcx], 0

  // In loopback the four outputs of the modem control register are wired to the four inputs.
  mov dx, COM1_MODEM_CONTROL
  mov al, LOOPBACK | 0b1010         // OUT2 and RTS
  out dx, al
  mov dx, COM1 + 6                  // the modem status register
  in al, dx
  shr al, 4                         // the states; the low half says what has changed
  mov r8b, al

  // The scratch register remembers a byte and means nothing.
  mov dx, COM1 + 7
  mov al, 0x5a
  out dx, al
  in al, dx
  mov r9b, al

  xor al, al                        // back to the outside world
  mov dx, COM1_FIFO_CONTROL
  out dx, al
  mov dx, COM1_MODEM_CONTROL
  out dx, al

  PRINT "received:  "
  lea rsi, [rip + received]
  call print
  PRINT "\noverrun after 16 bytes: "
  movzx eax, bl
  shr eax, 1
  and eax, 1
  PRINT_DECIMAL rax
  PRINT ", after 17: "
  movzx eax, bh
  shr eax, 1
  and eax, 1
  PRINT_DECIMAL rax
  PRINT "\nmodem inputs: "
  PRINT_HEX r8, 1
  PRINT "\nscratch: "
  PRINT_HEX r9, 2
  PRINT "\n"
  EXIT 0

.bss
received:
  .skip 32
