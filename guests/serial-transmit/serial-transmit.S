// Sending without polling: the UART interrupts whenever it has room for a byte, the handler gives
// it the next one, and the program itself sleeps.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "pic.inc"

.section .text.start, "ax"
.code64
.globl start
start:
  call load_idt
  SET_GATE IRQ_VECTOR + 4, room_to_send
  call remap_pic
  mov al, 0xff & ~(1 << 4)
  out PIC1_DATA, al

  lea rsi, [rip + text]
  mov dx, COM1_MODEM_CONTROL
  mov al, 0b1011                    // OUT2 connects the interrupt
  out dx, al
  mov dx, COM1_INTERRUPT_ENABLE
  mov al, 2                         // interrupt when there is room. There is: the first comes at once.
  out dx, al

sleep:
  cli                               // nothing may come between looking and sleeping:
  cmp byte ptr [rsi], 0
  je sent
  sti                               // `sti` takes effect after the next instruction
  hlt
  jmp sleep

sent:
  xor al, al                        // no more interrupts; from here on by polling
  out dx, al
  lea rax, [rip + text]
  sub rsi, rax
  PRINT_DECIMAL rsi
  PRINT " bytes, each sent by an interrupt.\n"
  EXIT 0

room_to_send:
  push rax
  push rdx
  mov dx, COM1_INTERRUPT_IDENTIFY
  in al, dx                         // says why, and reading it takes this request back
  and al, 0b1111
  cmp al, 0b0010                    // "transmit holding register empty"
  jne .Lnothing
  cmp byte ptr [rsi], 0
  je .Lnothing
  lodsb
  mov dx, COM1_DATA
  out dx, al                        // once this byte has gone, the next interrupt comes
.Lnothing:
  mov al, 0x20
  out PIC1_COMMAND, al
  pop rdx
  pop rax
  iretq

.data
text:
  .asciz "While you read this the processor sleeps.\n"
