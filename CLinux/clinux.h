/* What Linux offers and Swift's Glibc overlay does not show: the GNU extensions hidden behind
   _GNU_SOURCE, and function-like macros as functions. Header only; it adds no object file. */
#ifndef SWIFTVM_CLINUX_H
#define SWIFTVM_CLINUX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* open(2) is variadic; Swift cannot call it. */
static inline int swiftvm_open(const char *path, int flags, unsigned mode) { return open(path, flags, (mode_t)mode); }

#endif
