/* What Linux offers and Swift's Glibc overlay does not show: the GNU extensions hidden behind
   _GNU_SOURCE, and function-like macros as functions. Header only; it adds no object file. */
#ifndef SWIFTVM_CLINUX_H
#define SWIFTVM_CLINUX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* One type looks different with and without _GNU_SOURCE: fd_set calls its member fds_bits or
   __fds_bits. Swift's own Glibc module has the latter, and clang refuses two definitions of one
   type: take that one. */
#include <features.h>
#pragma push_macro("__USE_XOPEN")
#undef __USE_XOPEN
#include <sys/select.h>
#pragma pop_macro("__USE_XOPEN")

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* open(2) is variadic; Swift cannot call it. */
static inline int swiftvm_open(const char *path, int flags, unsigned mode) { return open(path, flags, (mode_t)mode); }

/* fcntl(2) and ioctl(2) are variadic too. */
static inline int swiftvm_fcntl(int descriptor, int command, long argument) { return fcntl(descriptor, command, argument); }
static inline int swiftvm_readable_byte_count(int descriptor) {
  int count = 0;
  return ioctl(descriptor, FIONREAD, &count) == 0 ? count : -1;
}
static inline int swiftvm_set_window_size(int descriptor, unsigned short columns, unsigned short rows) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return ioctl(descriptor, TIOCSWINSZ, &size);
}
static inline int swiftvm_set_controlling_terminal(int descriptor) { return ioctl(descriptor, TIOCSCTTY, 0); }
static inline int swiftvm_window_size(int descriptor, struct winsize *size) { return ioctl(descriptor, TIOCGWINSZ, size); }

/* SIGRTMIN is a function call behind a macro: glibc keeps the first real-time signals for itself. */
static inline int swiftvm_kick_signal(void) { return SIGRTMIN + 1; }

/* Sends a signal to one thread of this process. A thread that has ended is ESRCH, not a crash as with
   pthread_kill: the kernel looks the number up. */
static inline int swiftvm_signal_thread(int thread, int signal) {
  return (int)syscall(SYS_tgkill, getpid(), thread, signal);
}

/* A timer of CLOCK_MONOTONIC that sends a signal to the calling thread (timer_create(2), SIGEV_THREAD_ID):
   which member of struct sigevent holds the thread is behind a macro that older headers lack. */
static inline int swiftvm_thread_timer_create(timer_t *timer, int signal) {
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = signal;
  event._sigev_un._tid = (int)syscall(SYS_gettid);
  return timer_create(CLOCK_MONOTONIC, &event, timer);
}
/* Fires after so long, and then again and again; 0 for the first stops it. */
static inline int swiftvm_timer_set(timer_t timer, uint64_t first, uint64_t then) {
  struct itimerspec times;
  times.it_value.tv_sec = (time_t)(first / 1000000000);
  times.it_value.tv_nsec = (long)(first % 1000000000);
  times.it_interval.tv_sec = (time_t)(then / 1000000000);
  times.it_interval.tv_nsec = (long)(then % 1000000000);
  return timer_settime(timer, 0, &times, NULL);
}

/* The members of struct sigaction's union and SIG_IGN are macros. */
static inline int swiftvm_signal_is_ignored(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}
/* Leaves a handler alone that somebody installed: only the default action is replaced. */
static inline int swiftvm_ignore_signal_if_default(int number) {
  struct sigaction action;
  if (sigaction(number, NULL, &action) != 0 || action.sa_handler != SIG_DFL) return 0;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_IGN;
  return sigaction(number, &action, NULL);
}
/* Without SA_RESTART: a blocking call returns with EINTR. */
static inline int swiftvm_install_handler(int number, void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  return sigaction(number, &action, NULL);
}
static inline int swiftvm_install_fault_handler(int number, void (*handler)(int, siginfo_t *, void *), struct sigaction *old) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  return sigaction(number, &action, old);
}
static inline int swiftvm_restore_action(int number, const struct sigaction *action) { return sigaction(number, action, NULL); }

/* RLIMIT_CORE 0. By number: <sys/resource.h> has a type that differs with _GNU_SOURCE, see above. */
static inline long swiftvm_disable_core_files(void) {
  uint64_t limit[2] = {0, 0};
  return syscall(SYS_prlimit64, 0, 4, limit, NULL);
}

/* The base of FS or GS; glibc has no wrapper. */
static inline int swiftvm_arch_prctl(int code, unsigned long argument) { return (int)syscall(SYS_arch_prctl, code, argument); }
#if defined(__x86_64__)
/* A 64-bit process runs with null in DS and ES; code of 32 bits needs segments there. */
static inline void swiftvm_load_data_segments(unsigned short selector) {
  __asm__ volatile("movw %0, %%ds; movw %0, %%es" : : "r"(selector));
}
#endif

/* Bind and connect of a Unix-domain socket: sun_path is an array, which Swift sees as a tuple of 108. */
static inline int swiftvm_unix_address(struct sockaddr_un *address, const char *path) {
  size_t length = strlen(path);
  if (length >= sizeof address->sun_path) { errno = ENAMETOOLONG; return -1; }
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, length);
  return 0;
}
static inline int swiftvm_bind_unix(int descriptor, const char *path) {
  struct sockaddr_un address;
  if (swiftvm_unix_address(&address, path) != 0) return -1;
  return bind(descriptor, (const struct sockaddr *)&address, sizeof address);
}
/* accept4 without asking for the address: that argument is a transparent union. */
static inline int swiftvm_accept(int listener, int flags) { return accept4(listener, NULL, NULL, flags); }
static inline int swiftvm_connect_unix(int descriptor, const char *path) {
  struct sockaddr_un address;
  if (swiftvm_unix_address(&address, path) != 0) return -1;
  return connect(descriptor, (const struct sockaddr *)&address, sizeof address);
}

/* The thread sanitizer's way to be told of a lock that it cannot see. Weak: without the sanitizer
   these do not exist, and nothing is called. */
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

static inline int swiftvm_has_thread_sanitizer(void) { return __tsan_acquire != 0; }
static inline void swiftvm_sanitizer_acquire(void *address) {
  if (__tsan_acquire) __tsan_acquire(address);
}
static inline void swiftvm_sanitizer_release(void *address) {
  if (__tsan_release) __tsan_release(address);
}

/* What the host's x86 CPU tells and counts; for the software engine. */
#if defined(__x86_64__)
/* CPUID of the CPU this thread is on: EAX, EBX, ECX, EDX. Zeros beyond the highest leaf of the standard and
   the extended range; a hypervisor's own range, 0x4000_0000, is read as it is. */
static inline void swiftvm_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]) {
  registers[0] = registers[1] = registers[2] = registers[3] = 0;
  if (leaf >> 28 == 4) {
    __cpuid_count(leaf, subleaf, registers[0], registers[1], registers[2], registers[3]);
  } else {
    __get_cpuid_count(leaf, subleaf, &registers[0], &registers[1], &registers[2], &registers[3]);
  }
}
// CMPXCHG16B with LOCK at `target`, which is aligned to 16 bytes: 1 where `expected` was found and replaced,
// else 0, with what was found in `expected`.
static inline int swiftvm_compare_exchange_16(void *target, uint64_t expected[2], uint64_t low, uint64_t high) {
  unsigned char done;
  __asm__ volatile("lock cmpxchg16b %1\n\tsete %0"
                   : "=q"(done), "+m"(*(unsigned __int128 *)target), "+a"(expected[0]), "+d"(expected[1])
                   : "b"(low), "c"(high)
                   : "cc", "memory");
  return done;
}
static inline uint64_t swiftvm_time_stamp(void) { return __builtin_ia32_rdtsc(); }
/* RDRAND and RDSEED; the caller has asked CPUID whether they exist. 0: no number was ready. */
static inline int swiftvm_random(uint64_t *value) {
  unsigned char ok;
  __asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(*value), "=qm"(ok) : : "cc");
  return ok;
}
static inline int swiftvm_random_seed(uint64_t *value) {
  unsigned char ok;
  __asm__ volatile("rdseed %0\n\tsetc %1" : "=r"(*value), "=qm"(ok) : : "cc");
  return ok;
}
#endif

#endif
