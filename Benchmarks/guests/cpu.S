# Work for the CPU in ring 3, to compare engines: CASE, one of the names below, done ROUNDS times; then
# exit status 16, or 1 where the result is wrong. Flat 64-bit code at 1 MiB, memory up to 64 MiB.
# scripts/bench has the number of instructions of a round of each case; keep the two alike.
.intel_syntax noprefix
.code64

#define USER_DATA 0x1b
#define USER_CODE 0x23
#define STACK 0x400000
#define BUFFER 0x1000000
#define TARGET 0x2000000

.globl _start
_start:
  # Ring 3 may use the tables and 64 MiB of pages.
  mov rax, cr3
  mov rbx, [rax]
  or qword ptr [rax], 4
  and rbx, -4096
  mov rdx, [rbx]
  or qword ptr [rbx], 4
  and rdx, -4096
  mov ecx, 32
1: or qword ptr [rdx + rcx * 8 - 8], 4
  dec ecx
  jnz 1b
  mov cr3, rax

  lgdt [rip + gdt_pointer]
  mov ecx, 0xc0000080               # EFER: SCE
  rdmsr
  or eax, 1
  wrmsr
  mov ecx, 0xc0000081               # STAR: kernel 0x08 and 0x10, ring 3 0x1b and 0x23
  xor eax, eax
  mov edx, 0x00130008
  wrmsr
  mov ecx, 0xc0000082               # LSTAR
  lea rax, [rip + system_call]
  xor edx, edx
  wrmsr
  mov ecx, 0xc0000084               # FMASK
  mov eax, 0x700
  wrmsr
  mov ecx, 0xc0000102               # the GS base that SWAPGS brings
  lea rax, [rip + kernel_data]
  xor edx, edx
  wrmsr

  push USER_DATA
  push STACK
  push 0x3002                       # flags: I/O is allowed, interrupts are off
  push USER_CODE
  lea rax, [rip + program]
  push rax
  iretq

# As the kernel of an operating system does it: its own stack, and the caller's two registers kept.
system_call:
  swapgs
  mov gs:[8], rsp
  mov rsp, gs:[0]
  push rcx
  push r11
  cmp eax, 39
  jne 1f
  mov eax, 42
1:
  pop r11
  pop rcx
  mov rsp, gs:[8]
  swapgs
  sysretq

.balign 64
program:
  mov ebp, ROUNDS
  test ebp, ebp
  jz done
  jmp CASE

# 1000 steps of 14 instructions between registers: shifts, sums, a product, a carry, and jumps.
integer:
  mov rdx, 88172645463325252
  xor ebx, ebx
  xor esi, esi
  xor r8d, r8d
.Linteger_round:
  mov ecx, 1000
.balign 16
1: mov rax, rdx
  shl rax, 13
  xor rdx, rax
  mov rax, rdx
  shr rax, 7
  xor rdx, rax
  lea rsi, [rsi + rdx * 4 + 3]
  imul rdi, rsi, 19
  add rbx, rdi
  adc r8, 0
  cmp rbx, rsi
  cmovb rsi, r8
  dec ecx
  jnz 1b
  dec ebp
  jnz .Linteger_round
  jmp done

# 16 MiB, a load and a store in each 64 bytes: 262144 steps of 6 instructions.
memory:
  xor ebx, ebx
.Lmemory_round:
  mov esi, BUFFER
  mov ecx, 262144
.balign 16
1: mov rax, [rsi]
  add rbx, rax
  mov [rsi + 8], rbx
  add rsi, 64
  dec ecx
  jnz 1b
  dec ebp
  jnz .Lmemory_round
  jmp done

# The sieve of Eratosthenes below 2^20, a byte for each number; there are 82025 primes.
sieve:
  mov r8d, BUFFER
.Lsieve_round:
  mov rdi, r8
  mov ecx, 0x100000
  mov al, 1
  rep stosb
  mov ebx, 2
1: cmp byte ptr [r8 + rbx], 0
  je 3f
  mov eax, ebx
  imul eax, eax
2: mov byte ptr [r8 + rax], 0
  add eax, ebx
  cmp eax, 0x100000
  jb 2b
3: inc ebx
  cmp ebx, 1024
  jb 1b
  mov ecx, 2
  xor edx, edx
4: movzx eax, byte ptr [r8 + rcx]
  add edx, eax
  inc ecx
  cmp ecx, 0x100000
  jb 4b
  cmp edx, 82025
  jne wrong
  dec ebp
  jnz .Lsieve_round
  jmp done

# 1 MiB from one place to another.
copy:
.Lcopy_round:
  mov esi, BUFFER
  mov edi, TARGET
  mov ecx, 0x100000
  rep movsb
  dec ebp
  jnz .Lcopy_round
  jmp done

# 1000 system calls of 18 instructions, 13 of them the kernel's.
syscall:
.Lsyscall_round:
  mov r14d, 1000
1: mov eax, 39
  syscall
  add rbx, rax
  dec r14d
  jnz 1b
  dec ebp
  jnz .Lsyscall_round
  jmp done

wrong:
  mov eax, 1
  out 0xf4, al
done:
  mov eax, 16                       # not 0, which could be mistaken for QEMU's own failure
  out 0xf4, al
1: jmp 1b

.balign 8
gdt:
  .quad 0
  .quad 0x00af9b000000ffff          # 0x08: kernel code
  .quad 0x00cf93000000ffff          # 0x10: kernel data
  .quad 0x00cff3000000ffff          # 0x18: user data
  .quad 0x00affb000000ffff          # 0x20: user code
gdt_pointer:
  .word . - gdt - 1
  .quad gdt
.balign 8192, 0    # apart from code, which is watched for writes
kernel_data:
  .quad 0x500000                    # the kernel's stack
  .quad 0                           # the caller's
