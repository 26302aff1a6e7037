/* The bare minimum of a VMM in C, shared by the baselines of scripts/bench: it opens KVM, gives a
   guest memory and one vCPU with the host's CPUID, and puts a flat 64-bit image at 1 MiB. It has no
   devices but the ones that a baseline adds, no interrupt controllers, and no error messages: what a
   careful VMM takes more than this is its overhead. */
#ifndef BARE_H
#define BARE_H
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct bare {
  int kvm, vm, vcpu;
  uint8_t *memory;
  size_t size;
  struct kvm_run *run;
};

static inline void must(int condition, const char *what) {
  if (!condition) { perror(what); exit(70); }
}

static inline void bare_segment(struct kvm_segment *s, uint16_t selector, uint8_t type, int is_long) {
  memset(s, 0, sizeof *s);
  s->limit = 0xffffffff; s->selector = selector; s->type = type; s->present = 1; s->s = 1; s->g = 1;
  s->l = is_long; s->db = !is_long;
}

/* A machine with `size` bytes of memory whose vCPU is about to execute 1 MiB in 64-bit mode. */
static inline struct bare bare_machine(size_t size, const char *image) {
  struct bare b = {.size = size};
  must((b.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC)) >= 0, "/dev/kvm");
  must((b.vm = ioctl(b.kvm, KVM_CREATE_VM, 0UL)) >= 0, "KVM_CREATE_VM");
  b.memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  must(b.memory != MAP_FAILED, "mmap");
  struct kvm_userspace_memory_region region = {
      .memory_size = size, .userspace_addr = (uintptr_t)b.memory};
  must(ioctl(b.vm, KVM_SET_USER_MEMORY_REGION, &region) == 0, "KVM_SET_USER_MEMORY_REGION");
  must((b.vcpu = ioctl(b.vm, KVM_CREATE_VCPU, 0UL)) >= 0, "KVM_CREATE_VCPU");
  int run_size = ioctl(b.kvm, KVM_GET_VCPU_MMAP_SIZE, 0UL);
  b.run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, b.vcpu, 0);
  must(b.run != MAP_FAILED, "mmap of the run area");

  struct { struct kvm_cpuid2 head; struct kvm_cpuid_entry2 entries[256]; } cpuid = {.head.nent = 256};
  must(ioctl(b.kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) == 0, "KVM_GET_SUPPORTED_CPUID");
  must(ioctl(b.vcpu, KVM_SET_CPUID2, &cpuid) == 0, "KVM_SET_CPUID2");

  int file = open(image, O_RDONLY | O_CLOEXEC);
  must(file >= 0, image);
  must(read(file, b.memory + 0x100000, size - 0x100000) > 0, image);
  close(file);

  /* One PML4, one PDPT, four page directories of 2 MiB pages: the first 4 GiB one to one. */
  uint64_t *pml4 = (uint64_t *)(b.memory + 0x1000), *pdpt = (uint64_t *)(b.memory + 0x2000);
  pml4[0] = 0x2003;
  for (uint64_t i = 0; i < 4; i++) {
    uint64_t *directory = (uint64_t *)(b.memory + 0x3000 + i * 0x1000);
    pdpt[i] = (0x3000 + i * 0x1000) | 3;
    for (uint64_t j = 0; j < 512; j++) directory[j] = (i << 30 | j << 21) | 0x83;
  }
  struct kvm_sregs s;
  must(ioctl(b.vcpu, KVM_GET_SREGS, &s) == 0, "KVM_GET_SREGS");
  bare_segment(&s.cs, 0x18, 11, 1);
  bare_segment(&s.ds, 0x10, 3, 0);
  s.es = s.fs = s.gs = s.ss = s.ds;
  s.cr0 = 0x80000031; s.cr3 = 0x1000; s.cr4 = 0x620; s.efer = 0x500;
  must(ioctl(b.vcpu, KVM_SET_SREGS, &s) == 0, "KVM_SET_SREGS");
  struct kvm_regs r = {.rip = 0x100000, .rsp = 0x80000, .rflags = 2};
  must(ioctl(b.vcpu, KVM_SET_REGS, &r) == 0, "KVM_SET_REGS");
  return b;
}
#endif
