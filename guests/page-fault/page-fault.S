// Memory that appears when it is touched. The page at PAGE is not there; reading it makes a page
// fault; the handler puts a page there, and the processor runs the same instruction again, which
// never learns what happened. This is how every operating system lends memory that it has not
// got yet.
#include "platform.h"
#include "console64.inc"
#include "interrupts64.inc"

#define PAGE_FAULT 14
#define PAGE 0x8000003000           // 512 GiB and 12 KiB: entry 1 of the top table, entry 3 of the last

#define PRESENT 1
#define WRITABLE 2
#define CR0_WRITE_PROTECT 0x10000   // read-only pages are read-only in ring 0, too

.section .text.start, "ax"
.code64
.globl start
start:
  call load_idt
  SET_GATE PAGE_FAULT, page_fault
  mov rax, cr0
  or rax, CR0_WRITE_PROTECT
  mov cr0, rax

  // Hang three empty tables of our own under entry 1 of the top table: CR3 tells where that is.
  lea rdi, [rip + tables]
  mov ecx, 3 * 4096 / 8
  xor eax, eax
  cld
  rep stosq
  lea rdi, [rip + tables]
  lea rax, [rip + tables + PRESENT + WRITABLE]
  mov rdx, cr3
  and rdx, -4096
  mov [rdx + 8], rax                // top table -> first of ours
  add rax, 4096
  mov [rdi], rax                    // first -> second
  add rax, 4096
  mov [rdi + 4096], rax             // second -> third, whose entries are pages of 4 KiB

  lea rax, [rip + frame]            // what the page will turn out to hold
  mov dword ptr [rax], 12345

  mov rbx, PAGE
  PRINT "read:  "
  mov eax, [rbx]                    // faults once: no page
  PRINT_DECIMAL rax
  PRINT "\nwrite: "
  mov dword ptr [rbx], 54321        // faults once: the page is read-only
  mov eax, [rbx]                    // does not fault
  PRINT_DECIMAL rax
  PRINT "\nframe: "
  mov eax, [rip + frame]            // the same memory by its other address
  PRINT_DECIMAL rax
  PRINT "\n"
  EXIT 0

// The processor has pushed an error code (bit 0: the page is present; bit 1: it was a write) and
// put the address into CR2.
page_fault:
  push rax
  push rdx
  PRINT "[page fault at "
  mov rax, cr2
  PRINT_HEX rax, 16
  PRINT ", error code "
  mov rax, [rsp + 16]
  PRINT_DECIMAL rax
  PRINT "] "
  lea rdx, [rip + frame + PRESENT]  // at first: readable only
  test al, PRESENT
  jz .Lset_entry
  or rdx, WRITABLE                  // it was there, so it was the writing that failed
.Lset_entry:
  lea rax, [rip + tables + 2 * 4096]
  mov [rax + 3 * 8], rdx
  mov rax, cr2
  invlpg [rax]                      // the processor may remember the old entry
  pop rdx
  pop rax
  add rsp, 8                        // the error code
  iretq

.bss
  .balign 4096
tables:
  .skip 3 * 4096
frame:
  .skip 4096
