// Prints what the loader tells: command line, modules and memory map, as the Multiboot
// specification lays them out.
#include "console.h"

#define LOADER_MAGIC 0x2badb002

// Which parts of the structure are there.
#define HAS_MEMORY (1 << 0)
#define HAS_COMMAND_LINE (1 << 2)
#define HAS_MODULES (1 << 3)
#define HAS_MEMORY_MAP (1 << 6)

struct information {
  uint32_t flags;
  uint32_t memory_lower, memory_upper;  // KiB below 640 KiB and above 1 MiB
  uint32_t boot_device;
  uint32_t command_line;
  uint32_t module_count, modules;
  uint32_t symbols[4];
  uint32_t map_length, map;
};

struct module {
  uint32_t start, end, text, reserved;
};

struct __attribute__((packed)) map_entry {
  uint32_t size;  // of the rest
  uint64_t address, length;
  uint32_t kind;
};

void guest_main(uint32_t magic, const struct information *information);

void guest_main(uint32_t magic, const struct information *information) {
  print("magic ");
  print_hex(magic, 8);
  print("\n");
  if (magic != LOADER_MAGIC) exit_with_status(1);

  uint32_t expected = HAS_MEMORY | HAS_COMMAND_LINE | HAS_MODULES | HAS_MEMORY_MAP;
  if ((information->flags & expected) != expected) {
    print("parts are missing: flags ");
    print_hex(information->flags, 8);
    print("\n");
    exit_with_status(1);
  }

  print("command line \"");
  print((const char *)information->command_line);
  print("\"\nmemory ");
  print_decimal(information->memory_lower);
  print(" KiB below, ");
  print_decimal(information->memory_upper);
  print(" KiB above 1 MiB\n");

  const struct module *modules = (const struct module *)information->modules;
  for (uint32_t i = 0; i < information->module_count; i++) {
    print("module \"");
    print((const char *)modules[i].text);
    print(modules[i].start % 4096 == 0 ? "\", on a page of its own: " : "\", not on a page of its own: ");
    for (uint32_t address = modules[i].start; address < modules[i].end; address++) {
      print_character(*(const char *)address);
    }
  }

  for (uint32_t address = information->map; address < information->map + information->map_length;) {
    const struct map_entry *entry = (const struct map_entry *)address;
    print_hex(entry->address, 16);
    print(" + ");
    print_hex(entry->length, 16);
    print(entry->kind == 1 ? " usable\n" : " reserved\n");
    address += 4 + entry->size;
  }
  exit_with_status(0);
}
