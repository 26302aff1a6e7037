#ifndef SWIFTVM_CKVM_H
#define SWIFTVM_CKVM_H
#include <linux/kvm.h>
#endif
