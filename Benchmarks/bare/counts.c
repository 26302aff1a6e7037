/* Counts the calls that a Swift program makes for memory, for reference counts, and to check for exclusive
   access, by standing before the functions (LD_PRELOAD). At the program's end it prints one line on standard
   error: "counts MEMORY REFERENCES CHECKS". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_ulong memory, references, checks;

#define NEXT(name) \
  static __typeof__(name) *next; \
  if (next == NULL) next = dlsym(RTLD_NEXT, #name)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) { memory++; return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { memory++; return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { memory++; return __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { memory++; return __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
  memory++;
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : 12;
}

#define ONE(name) \
  void *name(void *object) { references++; NEXT(name); return next(object); }
#define MANY(name) \
  void *name(void *object, uint32_t n) { references++; NEXT(name); return next(object, n); }
ONE(swift_retain)
ONE(swift_release)
ONE(swift_bridgeObjectRetain)
ONE(swift_bridgeObjectRelease)
ONE(swift_unownedRetain)
ONE(swift_unownedRelease)
ONE(swift_unownedRetainStrong)
ONE(swift_unownedRetainStrongAndRelease)
MANY(swift_retain_n)
MANY(swift_release_n)

void swift_beginAccess(void *place, void *buffer, uintptr_t flags, void *pc) {
  checks++;
  NEXT(swift_beginAccess);
  next(place, buffer, flags, pc);
}

static void report(void) {
  static atomic_flag done = ATOMIC_FLAG_INIT;
  if (!atomic_flag_test_and_set(&done)) fprintf(stderr, "counts %lu %lu %lu\n", memory, references, checks);
}

__attribute__((destructor)) static void end(void) { report(); }

void _exit(int status) {
  report();
  NEXT(_exit);
  next(status);
  __builtin_unreachable();
}
