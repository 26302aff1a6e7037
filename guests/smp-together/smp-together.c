// What the firmware tells of the processors, in ACPI's tables and in Intel's older one, and which of them came. Then the
// machine is switched off by ACPI.
#include "console.h"
#include "ports.h"

#define MOST_PROCESSORS 16

// A processor's identifiers, by its local APIC and by CPUID's leaves 1 and 0xb (start.S).
struct processor {
  uint32_t by_apic, by_leaf_1, by_leaf_b;
};
extern volatile struct processor processors[MOST_PROCESSORS];
extern volatile uint32_t arrived;

void guest_main(void);

static uint32_t read32(uint64_t address) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; i--) value = value << 8 | ((const uint8_t *)address)[i];
  return value;
}

static uint16_t read16(uint64_t address) { return (uint16_t)(read32(address)); }
static uint8_t read8(uint64_t address) { return *(const uint8_t *)address; }

static int has(uint64_t address, const char *signature) {
  for (uint64_t i = 0; i < 4; i++) {
    if (read8(address + i) != (uint8_t)signature[i]) return 0;
  }
  return 1;
}

static uint8_t sum(uint64_t address, uint32_t count) {
  uint8_t sum = 0;
  while (count-- > 0) sum = (uint8_t)(sum + read8(address++));
  return sum;
}

static _Noreturn void fail(const char *text) {
  print(text);
  print("\n");
  exit_with_status(1);
}

// Where so many bytes with this signature and the sum 0 begin, from `start` to the end of the BIOS; 0: nowhere.
static uint64_t find(const char *signature, uint64_t start, uint32_t count) {
  for (uint64_t at = start; at < 0x100000; at += 16) {
    if (has(at, signature) && sum(at, count) == 0) return at;
  }
  return 0;
}

// ACPI's table with this signature, by the 32-bit list of the root pointer (RSDP, at 16 the RSDT's address).
static uint64_t acpi_table(uint64_t root, const char *signature) {
  uint64_t list = read32(root + 16);
  for (uint64_t at = list + 36; at < list + read32(list + 4); at += 4) {
    uint64_t table = read32(at);
    if (!has(table, signature)) continue;
    if (sum(table, read32(table + 4)) != 0) fail("a table's checksum is wrong");
    return table;
  }
  fail("a table of ACPI's is missing");
}

// One bit for each identifier of the enabled processors that the MADT has (ACPI 5.2.12.2).
static uint32_t by_acpi(uint64_t root) {
  uint64_t madt = acpi_table(root, "APIC");
  uint32_t set = 0;
  for (uint64_t at = madt + 44; at < madt + read32(madt + 4); at += read8(at + 1)) {
    if (read8(at) == 0 && (read32(at + 4) & 1) && read8(at + 3) < 32) set |= 1u << read8(at + 3);
    if (read8(at + 1) == 0) fail("the MADT has an entry without a length");
  }
  return set;
}

// The same by Intel's MultiProcessor Specification 1.4.
static uint32_t by_multiprocessor_table(void) {
  uint64_t pointer = find("_MP_", 0xf0000, 16);
  if (!pointer) fail("there is no multiprocessor table");
  uint64_t table = read32(pointer + 4);
  if (!has(table, "PCMP") || sum(table, read16(table + 4)) != 0) fail("the multiprocessor table is damaged");
  uint32_t set = 0;
  uint64_t at = table + 44;
  for (uint16_t left = read16(table + 34); left > 0; left--) {
    if (read8(at) == 0 && (read8(at + 3) & 1) && read8(at + 1) < 32) set |= 1u << read8(at + 1);
    at += read8(at) == 0 ? 20 : 8;
  }
  return set;
}

static uint32_t count(uint32_t set) {
  uint32_t count = 0;
  for (; set; set &= set - 1) count++;
  return count;
}

// On the debug console.
static void note(const char *text) {
  while (*text) write_port8(DEBUG_CONSOLE, (uint8_t)*text++);
}

// Writes what \_S5 says to the PM1a control register (ACPI 4.8.3.2.1). To read it properly takes an interpreter; like
// many a small kernel we look for the name and the package of small numbers behind it.
static _Noreturn void switch_off(uint64_t root) {
  uint64_t fadt = acpi_table(root, "FACP");
  uint64_t dsdt = read32(fadt + 40);
  for (uint64_t at = dsdt + 36; at + 8 < dsdt + read32(dsdt + 4); at++) {
    // NameOp, the name, PackageOp, its length in one byte, how many elements; the first is 0, 1 or a byte.
    if (!has(at, "_S5_") || read8(at + 4) != 0x12) continue;
    uint16_t type = read8(at + 7) == 0x0a ? read8(at + 8) : read8(at + 7);
    uint16_t value = (uint16_t)(type << 10 | 1 << 13);
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"((uint16_t)read32(fadt + 64)));
    for (int i = 0; i < 10000; i++) read_port8(POST_PORT);  // it may take a moment
    fail("the machine is still on");
  }
  fail("there is no way to switch off");
}

void guest_main(void) {
  uint64_t root = find("RSD ", 0xe0000, 20);
  if (!root) fail("there is no root pointer of ACPI");
  uint32_t acpi = by_acpi(root);
  uint32_t intel = by_multiprocessor_table();
  if (acpi != intel) fail("the two tables differ");
  if (count(acpi) > MOST_PROCESSORS) fail("there are more processors than stacks");
  while (arrived < count(acpi)) __asm__ volatile("pause");
  uint32_t here = 0;
  for (uint32_t i = 0; i < count(acpi); i++) {
    uint32_t identifier = processors[i].by_apic;
    if (identifier >= 32 || (here >> identifier & 1)) fail("two processors have one identifier");
    if (processors[i].by_leaf_1 != identifier || processors[i].by_leaf_b != identifier) {
      fail("a processor has two identifiers");
    }
    here |= 1u << identifier;
    note("I");
  }
  note("\n");
  if (here != acpi) fail("it was not these that came");
  print("processors by the tables: ");
  print_decimal(count(acpi));
  print("\nall of them are here\n");
  switch_off(root);
}
