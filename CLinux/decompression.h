/* How functions of the system's decompression libraries are called. The libraries are loaded by name at run
   time, and only when they are needed, so none of their headers is there when this is built: here is what is used
   of their interfaces, which have not changed for as long as their sonames have not. A function comes from dlsym,
   as a pointer without a type. */
#ifndef SWIFTVM_DECOMPRESSION_H
#define SWIFTVM_DECOMPRESSION_H

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

/* lz4.h: int LZ4_decompress_safe(source, target, count, capacity): the bytes written, or a negative number. */
static inline int swiftvm_lz4_decompress(void *function, const void *source, int count, void *target, int capacity) {
  return ((int (*)(const char *, char *, int, int))function)((const char *)source, (char *)target, count, capacity);
}

/* zlib.h: z_stream. */
struct swiftvm_zlib_stream {
  const uint8_t *next_in;
  unsigned available_in;
  unsigned long total_in;
  uint8_t *next_out;
  unsigned available_out;
  unsigned long total_out;
  const char *message;
  void *state, *allocate, *release, *opaque;
  int data_type;
  unsigned long checksum, reserved;
};
/* A whole gzip file in one call: inflateInit2_ with 31 for its window, a gzip header around it; inflate with
   Z_FINISH; inflateEnd. The result is inflate's (1: all of it), `written` what came out, `left` how much of the source
   was not read. */
static inline int swiftvm_gunzip(void *initialize, void *inflate, void *end, const void *source, unsigned count,
                                 void *target, unsigned capacity, size_t *written, size_t *left) {
  struct swiftvm_zlib_stream stream;
  memset(&stream, 0, sizeof stream);
  *written = 0;
  *left = count;
  int result = ((int (*)(struct swiftvm_zlib_stream *, int, const char *, int))initialize)(&stream, 31, "1.2.11", (int)sizeof stream);
  if (result != 0) return result;
  stream.next_in = (const uint8_t *)source;
  stream.available_in = count;
  stream.next_out = (uint8_t *)target;
  stream.available_out = capacity;
  result = ((int (*)(struct swiftvm_zlib_stream *, int))inflate)(&stream, 4);
  *written = stream.total_out;
  *left = stream.available_in;
  ((int (*)(struct swiftvm_zlib_stream *))end)(&stream);
  return result;
}

/* zstd.h, zstd_errors.h: size_t ZSTD_decompress(target, capacity, source, count); unsigned ZSTD_isError(result);
   an enumeration ZSTD_getErrorCode(result). */
static inline size_t swiftvm_zstd_decompress(void *function, void *target, size_t capacity, const void *source, size_t count) {
  return ((size_t (*)(void *, size_t, const void *, size_t))function)(target, capacity, source, count);
}
static inline int swiftvm_zstd_is_error(void *function, size_t result) { return ((unsigned (*)(size_t))function)(result) != 0; }
static inline int swiftvm_zstd_error_code(void *function, size_t result) { return ((int (*)(size_t))function)(result); }

/* lzma/container.h: lzma_stream_buffer_decode(memory limit, flags, allocator, source, position, count, target,
   position, capacity): 0 where all is well. */
static inline int swiftvm_xz_decompress(void *function, uint64_t memory_limit, const void *source, size_t count,
                                        void *target, size_t capacity, size_t *written) {
  size_t position = 0;
  *written = 0;
  return ((int (*)(uint64_t *, uint32_t, const void *, const uint8_t *, size_t *, size_t, uint8_t *, size_t *, size_t))function)(
      &memory_limit, 0, NULL, (const uint8_t *)source, &position, count, (uint8_t *)target, written, capacity);
}

/* Whether this program was started without the system's dynamic linker: it is linked statically, or the linker
   was called by its own name. */
static inline int swiftvm_is_without_dynamic_linker(void) { return getauxval(AT_BASE) == 0; }

/* Whether a library can be loaded, tried in a process of its own, which may crash over it. */
static inline int swiftvm_library_can_be_loaded(const char *name) {
  pid_t child = fork();
  if (child < 0) return 0;
  if (child == 0) {
    /* Handlers of ours have no business here. */
    int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (unsigned index = 0; index < sizeof signals / sizeof *signals; index++) signal(signals[index], SIG_DFL);
    _exit(dlopen(name, RTLD_NOW | RTLD_LOCAL) ? 0 : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return 0;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
