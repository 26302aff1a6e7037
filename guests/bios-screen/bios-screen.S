// The screen by INT 10h: 25 rows of 80 cells, each a character and its colours, and a cursor.
#include "platform.h"

#define TITLE_LENGTH 7
#define VERDICT_LENGTH 17

// A service of INT 10h with AX, BX, CX and DX.
.macro VIDEO function, page_colour=0x0007, count=0, position=0
  mov ax, \function
  mov bx, \page_colour
  mov cx, \count
  mov dx, \position
  int 0x10
.endm

.section .text.start, "ax"
.code16
.globl start
start:
  cld
  VIDEO 0x0003                      // mode 3: text, and a clear screen

  // Text in white on blue, with its own cursor: row 2, column 10.
  mov ax, cs
  mov es, ax
  mov bp, offset title
  VIDEO 0x1301, 0x001f, TITLE_LENGTH, 0x020a
  // A line of 40 dashes below: function 9 writes many and leaves the cursor alone.
  VIDEO 0x0200, 0x0000, 0, 0x030a
  VIDEO 0x092d, 0x0002, 40
  // A letter at a time in its own colour, as programs do that know of colours: 9 writes, 0x0e moves on.
  VIDEO 0x0200, 0x0000, 0, 0x0414
  VIDEO 0x0941, 0x000c, 1
  VIDEO 0x0e41
  VIDEO 0x0942, 0x000e, 1
  VIDEO 0x0e42
  // Characters beyond ASCII: a box of code page 437.
  VIDEO 0x0200, 0x0000, 0, 0x0614
  VIDEO 0x0ec9
  VIDEO 0x0ecd
  VIDEO 0x0ebb

  // What is on the screen can be read back. So can the cursor.
  VIDEO 0x0200, 0x0000, 0, 0x0414
  mov ah, 0x08
  int 0x10
  cmp ax, 0x0c41                    // a light red A
  jne wrong
  mov ah, 0x03
  int 0x10
  cmp dx, 0x0414
  jne wrong
  mov ah, 0x0f
  int 0x10
  cmp ax, 80 << 8 | 3
  jne wrong
  // The same in the screen's memory.
  mov ax, 0xb800
  mov es, ax
  cmp word ptr es:[(4 * 80 + 21) * 2], 0x0e42
  jne wrong

  // A window of rows 2 to 4 moves up by one; its last row is new.
  VIDEO 0x0601, 0x0700, 0x0200, 0x044f
  cmp word ptr es:[(3 * 80 + 20) * 2], 0x0c41
  jne wrong
  cmp word ptr es:[(4 * 80 + 20) * 2], 0x0720
  jne wrong
  // And down again.
  VIDEO 0x0701, 0x0700, 0x0200, 0x044f
  cmp word ptr es:[(4 * 80 + 20) * 2], 0x0c41
  jne wrong

  // The last row: a line's end there moves everything up.
  VIDEO 0x0200, 0x0000, 0, 0x1800
  VIDEO 0x0e58
  VIDEO 0x0e0d
  VIDEO 0x0e0a
  cmp word ptr es:[23 * 80 * 2], 0x0758
  jne wrong
  cmp word ptr es:[(3 * 80 + 20) * 2], 0x0c41
  jne wrong
  mov bp, offset verdict
  mov ax, cs
  mov es, ax
  VIDEO 0x1301, 0x0007, VERDICT_LENGTH, 0x1800
  EXIT 0
wrong:
  EXIT 1

title:
  .ascii "INT 10h"
.if . - title != TITLE_LENGTH
.error "TITLE_LENGTH is wrong"
.endif
verdict:
  .ascii "as it should be\r\n"
.if . - verdict != VERDICT_LENGTH
.error "VERDICT_LENGTH is wrong"
.endif
