// Every width in which a program can talk to a device: ports of 1, 2 and 4 bytes, one at a time
// or as a string; memory of 1, 2, 4 and 8 bytes. Where no device answers, a PC reads all ones,
// and writes go nowhere.
#include "platform.h"
#include "console64.inc"

#define NOBODY 0x3200               // a port with no device
#define SCRATCH (COM1 + 7)          // the UART's last register: it remembers one byte
#define HOLE 0xd0000000             // an address with neither memory nor device

// Prints a label and a register.
.macro SHOW label, value, digits
  PRINT "\label"
  PRINT_HEX \value, \digits
  PRINT "\n"
.endm

.section .text.start, "ax"
.code64
.globl start
start:
  cld
  PRINT "ports\n"
  xor eax, eax
  mov dx, NOBODY
  in al, dx
  SHOW "in al         ", rax, 8
  xor eax, eax
  in ax, dx
  SHOW "in ax         ", rax, 8
  xor eax, eax
  in eax, dx
  SHOW "in eax        ", rax, 8
  xor eax, eax
  out dx, al                        // dropped, dropped, dropped
  out dx, ax
  out dx, eax

  // Two bytes that begin in the UART's last register and end where there is nobody.
  mov dx, SCRATCH
  mov eax, 0x1234
  out dx, ax
  xor eax, eax
  in ax, dx
  SHOW "across end    ", rax, 8

  PRINT "strings of ports\n"
  lea rsi, [rip + forwards]
  mov ecx, 23
  mov dx, COM1_DATA
  rep outsb                         // one instruction, 23 writes
  lea rsi, [rip + backwards + 18]
  mov ecx, 19
  std                               // downwards in memory
  rep outsb
  cld
  lea rsi, [rip + words]
  mov ecx, 3
  mov dx, SCRATCH
  rep outsw                         // the scratch register keeps the low byte of the last
  xor eax, eax
  in al, dx
  SHOW "outsw, in al  ", rax, 8

  lea rdi, [rip + buffer]
  xor eax, eax
  mov [rdi], rax
  mov ecx, 3
  rep insb
  mov rax, [rip + buffer]
  SHOW "insb x 3      ", rax, 16
  lea rdi, [rip + buffer]
  mov ecx, 3
  rep insw
  mov rax, [rip + buffer]
  SHOW "insw x 3      ", rax, 16
  mov dx, NOBODY
  lea rdi, [rip + buffer]
  mov ecx, 2
  rep insd
  mov rax, [rip + buffer]
  SHOW "insd x 2      ", rax, 16
  xor ecx, ecx
  lea rdi, [rip + buffer]
  mov qword ptr [rdi], 0
  rep insd                          // zero times
  mov rax, [rip + buffer]
  SHOW "insd x 0      ", rax, 16

  PRINT "memory\n"
  mov ebx, HOLE
  xor eax, eax
  mov al, [rbx]
  SHOW "1 byte        ", rax, 16
  xor eax, eax
  mov ax, [rbx + 2]
  SHOW "2 bytes       ", rax, 16
  mov eax, [rbx + 4]
  SHOW "4 bytes       ", rax, 16
  mov rax, [rbx + 8]
  SHOW "8 bytes       ", rax, 16
  mov eax, [rbx + 0xffe]            // half of it on the next page
  SHOW "two pages     ", rax, 16
  movsx rax, byte ptr [rbx]
  SHOW "sign-extended ", rax, 16
  movzx eax, word ptr [rbx]
  SHOW "zero-extended ", rax, 16

  mov byte ptr [rbx], 1             // dropped
  mov word ptr [rbx], 2
  mov dword ptr [rbx], 3
  mov qword ptr [rbx], 4
  add dword ptr [rbx], 5            // a read, an addition and a write
  mov eax, 6
  xchg [rbx], eax                   // gives all ones, takes 6 and drops it
  SHOW "exchanged     ", rax, 16
  mov rax, [rbx]
  SHOW "after writes  ", rax, 16

  lea rdi, [rip + buffer]
  mov qword ptr [rdi], 0
  mov rsi, rbx
  mov ecx, 5
  rep movsb                         // from no device to memory
  mov rax, [rip + buffer]
  SHOW "movsb x 5     ", rax, 16
  mov rdi, rbx
  lea rsi, [rip + buffer]
  mov ecx, 2
  rep movsd                         // from memory to no device
  mov rdi, rbx
  mov ecx, 4
  rep stosq
  EXIT 0

.data
  .balign 8
buffer:
  .quad 0
words:
  .word 0x1111, 0x2222, 0x3377
forwards:
  .ascii "outsb runs forwards...\n"
backwards:
  .ascii "\n.sdrawkcab dna ..."
