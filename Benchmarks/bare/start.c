/* Baseline of `scripts/bench start`: from process start to the guest's first exit, the byte that the
   guest writes to port 0xe9, which goes to standard output at once. */
#include "bare.h"

int main(int argc, char **argv) {
  must(argc == 2, "usage: start IMAGE");
  struct bare b = bare_machine(64 << 20, argv[1]);
  for (;;) {
    must(ioctl(b.vcpu, KVM_RUN, 0UL) == 0, "KVM_RUN");
    switch (b.run->exit_reason) {
    case KVM_EXIT_IO:
      if (b.run->io.port == 0xe9) {
        must(write(1, (char *)b.run + b.run->io.data_offset, 1) == 1, "write");
      } else if (b.run->io.port == 0xf4) {
        return *((unsigned char *)b.run + b.run->io.data_offset);
      }
      break;
    case KVM_EXIT_HLT: return 0;
    default: fprintf(stderr, "exit reason %u\n", b.run->exit_reason); return 70;
    }
  }
}
