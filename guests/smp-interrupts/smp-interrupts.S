// Processors that interrupt each other, and that share memory. The local APIC of one sends a
// vector to another's (an inter-processor interrupt, IPI), and wakes it if it sleeps.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"
#include "apic.inc"
#include "smp.inc"

#define PING 0x60
#define PONG 0x61
#define COUNT 0x62
#define ADDITIONS 500

.section .text.start, "ax"
.code64
.globl start
start:
  call load_shared_segments
  call load_idt                     // one table; each processor loads it for itself
  SET_GATE PING, ping
  SET_GATE PONG, pong
  SET_GATE COUNT, count
  call enable_local_apic
  call count_processors
  mov ebx, eax

  mov ecx, 1
  lea rdx, [rip + other_processor]
start_next:
  cmp ecx, ebx
  jae all_started
  call start_processor
  inc ecx
  jmp start_next
all_started:
.Lwait_until_ready:
  pause
  mov eax, [rip + ready]
  inc eax
  cmp eax, ebx
  jne .Lwait_until_ready

  // Ping each of them in turn, and sleep until it answers.
  mov esi, 1
ping_next:
  cmp esi, ebx
  jae all_pinged
  mov eax, COMMAND_FIXED | PING
  call send_command
.Lsleep:
  cli                               // nothing may come between looking and sleeping:
  cmp [rip + pongs], esi
  jae .Lanswered
  sti                               // `sti` takes effect after the next instruction
  hlt
  jmp .Lsleep
.Lanswered:
  PRINT "ping to processor "
  PRINT_DECIMAL rsi
  PRINT ", pong from processor "
  mov eax, [rip + answered_by]
  PRINT_DECIMAL rax
  PRINT "\n"
  inc esi
  jmp ping_next
all_pinged:

  // One message to all others; everybody, we too, adds to the same counters at the same time.
  mov eax, COMMAND_FIXED | COMMAND_TO_ALL_OTHERS | COUNT
  xor esi, esi
  call send_command
  call add_up
.Lwait_until_counted:
  pause
  cmp [rip + finished], ebx
  jne .Lwait_until_counted
  mov eax, [rip + total]
  xor edx, edx
  div ebx                           // as many from each of us, if none was lost
  PRINT "each of us added "
  PRINT_DECIMAL rax
  PRINT ", and "
  PRINT_DECIMAL rdx
  PRINT " are left over\n"
  mov eax, [rip + total]
  PRINT "together "
  PRINT_DECIMAL rax
  PRINT "\n"
  EXIT 0                            // one processor's exit is the machine's

other_processor:
  call load_shared_segments
  lidt [rip + idt_pointer]
  call enable_local_apic
  lock inc dword ptr [rip + ready]
.Lsleep_on:
  sti
  hlt
  jmp .Lsleep_on

// On another processor: send a pong to processor 0, with our name.
ping:
  push rax
  push rsi
  mov eax, LOCAL_APIC
  mov eax, [rax + APIC_ID]
  shr eax, 24
  mov [rip + answered_by], eax
  xor esi, esi
  mov eax, COMMAND_FIXED | PONG
  call send_command
  call end_of_interrupt
  pop rsi
  pop rax
  iretq

// On processor 0.
pong:
  inc dword ptr [rip + pongs]
  call end_of_interrupt
  iretq

// On another processor.
count:
  push rcx
  call add_up
  call end_of_interrupt
  pop rcx
  iretq

// Without `lock` two processors could read the same number, add 1 each, and write the same sum.
add_up:
  mov ecx, ADDITIONS
.Ladd:
  lock inc dword ptr [rip + total]
  dec ecx
  jnz .Ladd
  lock inc dword ptr [rip + finished]
  ret

.data
  .balign 4
ready:
  .long 0
pongs:
  .long 0
answered_by:
  .long 0
total:
  .long 0
finished:
  .long 0
