# Writes one byte to port 0xe9 and 0 to the exit port, with the same bytes in 16-, 32- and 64-bit mode:
# flat at 1 MiB for swiftvm and the C program, and behind a reset vector (ROM) for QEMU.
.code64
.globl _start
_start:
  .byte 0xb0, 0x21        # mov al, '!'
  .byte 0xe6, 0xe9        # out 0xe9, al
  .byte 0xb0, 0x00        # mov al, 0
  .byte 0xe6, 0xf4        # out 0xf4, al
1:
  .byte 0xfa, 0xf4        # cli; hlt
  .byte 0xeb, 0xfc        # jmp to them
#ifdef ROM
  .org 0xfff0
  .byte 0xe9              # jmp _start, 16-bit relative
  .word 0x10000 - 0xfff3
  .org 0x10000
#endif
