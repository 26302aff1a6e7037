// Prints what a PVH loader tells: command line, modules and memory map (Xen's public header
// arch-x86/hvm/start_info.h).
#include "console.h"

#define START_MAGIC 0x336ec578

struct start_information {
  uint32_t magic, version, flags, module_count;
  uint64_t modules, command_line, acpi_root, map;  // addresses; 0: none
  uint32_t map_count, reserved;
};

struct module {
  uint64_t address, size, text, reserved;
};

struct map_entry {
  uint64_t address, size;
  uint32_t kind, reserved;
};

void guest_main(const struct start_information *information);

void guest_main(const struct start_information *information) {
  print("magic ");
  print_hex(information->magic, 8);
  print("\n");
  if (information->magic != START_MAGIC) exit_with_status(1);
  if (information->version < 1) {
    print("version 0 has no memory map\n");
    exit_with_status(1);
  }

  print("command line \"");
  if (information->command_line) print((const char *)information->command_line);
  print("\"\n");

  const struct module *modules = (const struct module *)information->modules;
  for (uint32_t i = 0; i < information->module_count; i++) {
    print("module \"");
    if (modules[i].text) print((const char *)modules[i].text);
    print("\": ");
    for (uint64_t j = 0; j < modules[i].size; j++) {
      print_character(((const char *)modules[i].address)[j]);
    }
  }

  const struct map_entry *map = (const struct map_entry *)information->map;
  for (uint32_t i = 0; i < information->map_count; i++) {
    print_hex(map[i].address, 16);
    print(" + ");
    print_hex(map[i].size, 16);
    print(map[i].kind == 1 ? " usable\n" : " reserved\n");
  }
  exit_with_status(0);
}
