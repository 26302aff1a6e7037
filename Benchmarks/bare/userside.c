/* A preloaded library that measures how long a VMM takes in user mode for an exit: from the return of one
   KVM_RUN to the call of the next, by the time-stamp counter. The same for every VMM that calls ioctl
   through the dynamic linker. Prints the median and the mean, in cycles, when the process ends. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

enum { SAMPLES = 1 << 18 };
static uint32_t sample[SAMPLES];
static uint32_t count;
static __thread uint64_t returned;

int ioctl(int fd, unsigned long request, ...) {
  static int (*real)(int, unsigned long, ...);
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (!real) real = dlsym(RTLD_NEXT, "ioctl");
  if (request != KVM_RUN) return real(fd, request, argument);
  uint64_t now = __rdtsc();
  if (returned && count < SAMPLES) sample[count++] = (uint32_t)(now - returned);
  int result = real(fd, request, argument);
  returned = __rdtsc();
  return result;
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

__attribute__((destructor)) static void report(void) {
  if (!count) return;
  uint64_t sum = 0;
  qsort(sample, count, sizeof *sample, ascending);
  for (uint32_t i = 0; i < count; i++) sum += sample[i];
  fprintf(stderr, "userside %u %u %llu\n", count, sample[count / 2], (unsigned long long)(sum / count));
}
