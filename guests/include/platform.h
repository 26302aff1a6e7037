// The machine as a guest sees it: the ports, addresses and numbers the guests here use.
// Included by assembly and by C.
#pragma once

// The first serial port, a 16550A UART, on interrupt line 4.
#define COM1 0x3f8
#define COM1_DATA (COM1 + 0)                // read: received byte; write: byte to send
#define COM1_INTERRUPT_ENABLE (COM1 + 1)    // bit 0: a byte has arrived; bit 1: room to send
#define COM1_INTERRUPT_IDENTIFY (COM1 + 2)  // read: why the UART interrupts
#define COM1_FIFO_CONTROL (COM1 + 2)        // write
#define COM1_LINE_CONTROL (COM1 + 3)
#define COM1_MODEM_CONTROL (COM1 + 4)
#define COM1_LINE_STATUS (COM1 + 5)
#define LINE_STATUS_DATA_READY 0x01   // a byte waits to be read
#define LINE_STATUS_ROOM_TO_SEND 0x20 // the transmit holding register is empty

// Ports that only virtual machines have.
#define DEBUG_CONSOLE 0xe9 // a byte written here appears on standard output
#define EXIT_PORT 0xf4     // a number written here ends the machine with that exit status
#define PVPANIC 0x505      // bit 0 set: "the guest's kernel has panicked"

// Ports every PC has.
#define POST_PORT 0x80 // the code a firmware shows while it starts
#define PIC1_COMMAND 0x20
#define PIC1_DATA 0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA 0xa1
#define PIT_CHANNEL0 0x40
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_HERTZ 1193182
#define SYSTEM_CONTROL 0x61 // bit 0: gate of PIT channel 2; bit 5: its output
#define I8042_STATUS 0x64   // read
#define I8042_COMMAND 0x64  // write
#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71

// The local APIC's page and its registers (Intel SDM volume 3, "Local APIC Register Address Map").
#define LOCAL_APIC 0xfee00000
#define APIC_ID 0x020
#define APIC_TASK_PRIORITY 0x080
#define APIC_END_OF_INTERRUPT 0x0b0
#define APIC_SPURIOUS_VECTOR 0x0f0
#define APIC_COMMAND_LOW 0x300
#define APIC_COMMAND_HIGH 0x310
#define APIC_TIMER 0x320
#define APIC_LINT0 0x350
#define APIC_TIMER_INITIAL_COUNT 0x380
#define APIC_TIMER_CURRENT_COUNT 0x390
#define APIC_TIMER_DIVIDE 0x3e0

// The I/O APIC: an index register and a data window.
#define IO_APIC_INDEX 0xfec00000
#define IO_APIC_WINDOW 0xfec00010

#define FLAG_INTERRUPTS 0x200 // EFLAGS.IF
#define FLAG_IOPL 0x3000      // EFLAGS.IOPL, two bits

#ifdef __ASSEMBLER__

// Everything here is written in Intel's syntax, as in Intel's and AMD's manuals:
// destination first, [brackets] for memory.
.intel_syntax noprefix

// Ends the machine with an exit status. The halt is only reached where the port is missing.
.macro EXIT status
  mov al, \status
  out EXIT_PORT, al
  cli
  hlt
.endm

// A far jump, which loads CS. Clang knows how to write it in AT&T's syntax only.
.macro FAR_JUMP selector, target
  .att_syntax
  ljmp $\selector, $\target
  .intel_syntax noprefix
.endm

#endif
