// What `swiftvm run` runs when it is given no image: a guest that looks around and says what it
// sees. It asks only what any guest could ask: the processor (instruction CPUID) and the CMOS.
#include "console.h"

struct cpuid {
  uint32_t eax, ebx, ecx, edx;
};

static struct cpuid cpuid(uint32_t leaf) {
  struct cpuid result;
  __asm__ volatile("cpuid"
                   : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                   : "a"(leaf), "c"(0));
  return result;
}

static uint8_t read_cmos(uint8_t index) {
  write_port8(CMOS_INDEX, index);
  return read_port8(CMOS_DATA);
}

// CPUID answers in text: four characters in each register, the first in the lowest byte.
static void print_register(uint32_t value) {
  for (int i = 0; i < 4; i++) {
    char character = (char)(value >> (8 * i));
    if (character) print_character(character);
  }
}

static void print_brand(void) {
  if (cpuid(0x80000000).eax < 0x80000004) return;
  uint32_t text[12];
  for (uint32_t i = 0; i < 3; i++) {
    struct cpuid part = cpuid(0x80000002 + i);
    text[4 * i] = part.eax;
    text[4 * i + 1] = part.ebx;
    text[4 * i + 2] = part.ecx;
    text[4 * i + 3] = part.edx;
  }
  // Some processors pad their name with spaces in front, and some have none.
  int begun = 0;
  for (unsigned i = 0; i < sizeof text; i++) {
    char character = (char)(text[i / 4] >> (8 * (i % 4)));
    if (!character) break;
    if (!begun && character != ' ') {
      print(", ");
      begun = 1;
    }
    if (begun) print_character(character);
  }
}

static uint32_t memory_mebibytes(void) {
  // In units of 64 KiB: above 16 MiB and below the hole for devices; above 4 GiB.
  uint32_t low = read_cmos(0x34) | (uint32_t)read_cmos(0x35) << 8;
  uint32_t high = read_cmos(0x5b) | (uint32_t)read_cmos(0x5c) << 8 | (uint32_t)read_cmos(0x5d) << 16;
  if (low) return 16 + low / 16 + high / 16;
  // A small machine: kilobytes above 1 MiB.
  return 1 + (read_cmos(0x17) | (uint32_t)read_cmos(0x18) << 8) / 1024;
}

static const char banner[] =
    "  ____          _  __ _ __     ____  __\n"
    " / ___|_      _(_)/ _| |\\ \\   / /  \\/  |\n"
    " \\___ \\ \\ /\\ / / | |_| __\\ \\ / /| |\\/| |\n"
    "  ___) \\ V  V /| |  _| |_ \\ V / | |  | |\n"
    " |____/ \\_/\\_/ |_|_|  \\__| \\_/  |_|  |_|\n"
    "\n"
    "Hello from inside a virtual machine, in 64-bit long mode.\n";

void guest_main(void) {
  print(banner);

  struct cpuid vendor = cpuid(0);
  print("  processor   ");
  print_register(vendor.ebx);
  print_register(vendor.edx);
  print_register(vendor.ecx);
  print_brand();

  // Bit 31 is never set by a real processor: it says that a hypervisor is there, with a name.
  if (cpuid(1).ecx >> 31) {
    struct cpuid hypervisor = cpuid(0x40000000);
    print("\n  hypervisor  ");
    print_register(hypervisor.ebx);
    print_register(hypervisor.ecx);
    print_register(hypervisor.edx);
  }

  print("\n  processors  ");
  print_decimal((uint32_t)read_cmos(0x5f) + 1);
  print("\n  memory      ");
  print_decimal(memory_mebibytes());
  print(" MiB\n"
        "Now I halt with interrupts off, and so the machine ends, with exit status 0.\n"
        "Your turn: swiftvm run IMAGE\n");
}
