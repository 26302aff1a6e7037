// A boot sector that reads its disk by INT 13h: how it is divided, its sectors, and what is not to be had. The
// disk is the image itself: these 512 bytes, unless somebody adds to them.
#include "platform.h"

#define BUFFER 0x8000

// A line of the table below: AX, CX and DH for INT 13h, and what it is called.
.macro REQUEST function, sector, head, name:vararg
  .word \function, \sector
  .byte \head
  .asciz \name
.endm

.section .text.start, "ax"
.code16
.globl start
start:
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  cld
  mov [drive], dl                   // the BIOS says which disk we come from

  mov si, offset requests
next_request:
  lodsw
  test ax, ax
  jz done
  mov bp, ax
  lodsw
  mov cx, ax
  lodsb
  mov dh, al
  push dx
  call print                        // SI goes on behind the name
  pop dx
  push si
  mov dl, [drive]
  mov bx, BUFFER
  mov ax, bp
  int 0x13
  mov bl, ah
  push ds
  pop es                            // which function 8 changes
  jc refused
  // The answer: for function 8 heads and sectors, else how the sector ends.
  mov ax, [BUFFER + 510]
  cmp bp, 0x0800
  jne print_answer
  mov al, cl
  and al, 63
  mov ah, dh
  inc ah
  jmp print_answer
refused:
  mov si, offset no
  call print
  movzx ax, bl                      // why
print_answer:
  call print_hexadecimal
  mov si, offset line_end
  call print
  pop si
  jmp next_request
done:
  cli
  hlt

// Prints AX in base 16.
print_hexadecimal:
  mov cx, 4
.Lnext_digit:
  rol ax, 4
  push ax
  and al, 15
  add al, '0'
  cmp al, '9'
  jbe .Ldigit
  add al, 'a' - '9' - 1
.Ldigit:
  mov [digit], al
  mov si, offset digit
  call print
  pop ax
  loop .Lnext_digit
  ret

#include "console16.inc"

requests:
  REQUEST 0x0800, 0, 0, "heads and sectors: "
  REQUEST 0x0201, 0x0001, 0, "the first sector: "
  REQUEST 0x0201, 0x0002, 0, "the next: "
  REQUEST 0x0201, 0x0000, 0, "sector 0: "
  REQUEST 0x0201, 0x0001, 0xff, "head 255: "
  REQUEST 0x02ff, 0x0001, 0, "255 sectors: "
  REQUEST 0x0301, 0x0001, 0, "to write: "
  .word 0
no:
  .asciz "no, "
line_end:
  .asciz "\n"
digit:
  .byte 0, 0
drive:
  .byte 0
