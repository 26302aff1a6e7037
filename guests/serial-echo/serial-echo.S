// Sends back every byte that arrives on COM1, up to the end of the line. The processor sleeps in
// between: the UART interrupts it on line 4.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "pic.inc"

.section .text.start, "ax"
.code64
.globl start
start:
  call load_idt
  SET_GATE IRQ_VECTOR + 4, byte_arrived
  call remap_pic
  mov al, 0xff & ~(1 << 4)
  out PIC1_DATA, al

  PRINT "Type a line:\n"

  // The UART's queues (FIFOs) stay off: switching them on empties them, and somebody may have
  // typed already.
  mov dx, COM1_MODEM_CONTROL
  mov al, 0b1011                    // ready, ready, and OUT2, which on a PC connects the interrupt
  out dx, al
  mov dx, COM1_INTERRUPT_ENABLE
  mov al, 1                         // interrupt when a byte has arrived
  out dx, al

sleep:
  cli                               // nothing may come between looking and sleeping:
  cmp byte ptr [rip + line_ended], 0
  jne done
  sti                               // `sti` takes effect after the next instruction
  hlt
  jmp sleep
done:
  EXIT 0

byte_arrived:
  push rax
  push rdx
.Lmore:
  mov dx, COM1_LINE_STATUS
  in al, dx
  test al, LINE_STATUS_DATA_READY
  jz .Ltaken                        // all taken: the UART lets go of the interrupt line
  mov dx, COM1_DATA
  in al, dx
  call print_character
  cmp al, '\n'
  jne .Lmore
  mov byte ptr [rip + line_ended], 1
.Ltaken:
  mov al, 0x20
  out PIC1_COMMAND, al
  pop rdx
  pop rax
  iretq

.data
line_ended:
  .byte 0
