/* Baselines of `scripts/bench exits`: answer the guest's exits until it writes to the exit port.

   Without DUTIES: a switch over the ports that this one guest uses, the least that any program can do.
   With DUTIES: what every VMM has to do for guests that it does not know: find the device by address
   among the devices of a PC, call it through a pointer, and keep the last exits for the crash report. */
#include "bare.h"

static volatile unsigned char post;
static unsigned long unclaimed;

#ifdef DUTIES
struct device {
  uint64_t first, last;
  void (*access)(uint64_t offset, int width, int is_write, uint64_t *value);
};
static int status = -1;

static void post_access(uint64_t offset, int width, int is_write, uint64_t *value) {
  (void)offset; (void)width;
  if (is_write) post = (unsigned char)*value; else *value = post;
}
static void exit_access(uint64_t offset, int width, int is_write, uint64_t *value) {
  (void)offset; (void)width;
  if (is_write) status = (unsigned char)*value;
}
static void other_access(uint64_t offset, int width, int is_write, uint64_t *value) {
  (void)offset; (void)width;
  if (!is_write) *value = 0;
}
/* The ports of swiftvm's machine. */
static const struct device ports[] = {
    {0x60, 0x60, other_access},   {0x64, 0x64, other_access},   {0x70, 0x71, other_access},
    {0x80, 0x80, post_access},    {0x92, 0x92, other_access},   {0xe9, 0xe9, other_access},
    {0xf4, 0xf7, exit_access},    {0x3f8, 0x3ff, other_access}, {0x505, 0x505, other_access},
    {0xcf8, 0xcfb, other_access},
};
static struct record { uint64_t address, value; uint32_t count; uint8_t width, is_write, kind; } history[16];
static uint64_t exits;

static uint64_t load(const uint8_t *data, int width) {
  uint64_t value = 0;
  memcpy(&value, data, width);
  return value;
}

static void perform(int kind, const struct device *devices, int count, uint64_t address, int width, int is_write,
                    uint32_t items, uint8_t *data) {
  int low = 0, high = count;
  while (low < high) {
    int middle = (low + high) / 2;
    if (devices[middle].first <= address) low = middle + 1; else high = middle;
  }
  uint64_t value = load(data, width);
  if (low > 0 && address + width - 1 <= devices[low - 1].last) {
    devices[low - 1].access(address - devices[low - 1].first, width, is_write, &value);
  } else {
    unclaimed++;
    value = is_write ? value : ~0ull;
  }
  if (!is_write) memcpy(data, &value, width);
  history[exits++ & 15] = (struct record){address, value, items, width, is_write, kind};
}
#endif

int main(int argc, char **argv) {
  must(argc == 2, "usage: exits IMAGE");
  struct bare b = bare_machine(64 << 20, argv[1]);
  for (;;) {
    must(ioctl(b.vcpu, KVM_RUN, 0UL) == 0, "KVM_RUN");
    switch (b.run->exit_reason) {
    case KVM_EXIT_IO: {
      uint8_t *data = (uint8_t *)b.run + b.run->io.data_offset;
#ifdef DUTIES
      perform(0, ports, sizeof ports / sizeof *ports, b.run->io.port, b.run->io.size,
              b.run->io.direction == KVM_EXIT_IO_OUT, b.run->io.count, data);
      if (status >= 0) return status;
#else
      switch (b.run->io.port) {
      case 0x80: post = *data; break;
      case 0xf4: return *data;
      default: unclaimed++;
      }
#endif
      break;
    }
    case KVM_EXIT_MMIO:
#ifdef DUTIES
      perform(1, NULL, 0, b.run->mmio.phys_addr, b.run->mmio.len, b.run->mmio.is_write, 1, b.run->mmio.data);
#else
      if (!b.run->mmio.is_write) memset(b.run->mmio.data, 0xff, 8);
      unclaimed++;
#endif
      break;
    default: fprintf(stderr, "exit reason %u\n", b.run->exit_reason); return 70;
    }
  }
}
