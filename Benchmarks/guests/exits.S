# PORTS writes to port 0x80, then STORES stores to 0xd0000000, where nothing is; then exit status 0.
# Flat 64-bit code at 1 MiB.
.intel_syntax noprefix
.code64
.globl _start
_start:
  mov ecx, PORTS
1: out 0x80, al
  dec ecx
  jnz 1b
  mov ebx, 0xd0000000
  mov ecx, STORES
2: mov [rbx], eax
  dec ecx
  jnz 2b
  xor eax, eax
  out 0xf4, al
3: hlt
  jmp 3b
