// Printing from C, in 32-bit and 64-bit mode, through COM1.
#pragma once

#include "platform.h"
#include "ports.h"

static inline void print_character(char character) {
  while (!(read_port8(COM1_LINE_STATUS) & LINE_STATUS_ROOM_TO_SEND)) {
    // the UART is still busy with the character before
  }
  write_port8(COM1_DATA, (uint8_t)character);
}

static inline void print(const char *text) {
  while (*text) print_character(*text++);
}

static inline void print_hex(uint64_t value, int digits) {
  while (digits-- > 0) print_character("0123456789abcdef"[(value >> (4 * digits)) & 15]);
}

// 32 bits only: a 32-bit compiler calls a library function to divide 64 bits.
static inline void print_decimal(uint32_t value) {
  if (value >= 10) print_decimal(value / 10);
  print_character((char)('0' + value % 10));
}

static inline _Noreturn void exit_with_status(uint8_t status) {
  write_port8(EXIT_PORT, status);
  for (;;) __asm__ volatile("cli; hlt");
}
