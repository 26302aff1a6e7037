/* The kernel's KVM interface as functions. Header only; it adds no object file.

   Swift imports the structures and the plain constants of <linux/kvm.h>, but no ioctl number (they
   are function-like macros), no variadic function (ioctl itself) and no flexible array. So there
   is one function per ioctl here, which returns what the ioctl returned or -errno, and one
   function per flexible array, which returns its first element. */
#ifndef SWIFTVM_CKVM_H
#define SWIFTVM_CKVM_H

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Numbers newer than the oldest kernel headers this builds with (6.1). */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif
#ifndef KVM_CAP_MEMORY_FAULT_INFO
#define KVM_CAP_MEMORY_FAULT_INFO 232
#endif

/* The result of an ioctl: what it returned, or -errno. */
static inline int ckvm_result(int result) { return result < 0 ? -errno : result; }

/* ---- /dev/kvm ---- */

static inline int ckvm_get_api_version(int fd) { return ckvm_result(ioctl(fd, KVM_GET_API_VERSION, 0)); }
static inline int ckvm_create_vm(int fd, unsigned long type) { return ckvm_result(ioctl(fd, KVM_CREATE_VM, type)); }
static inline int ckvm_get_vcpu_mmap_size(int fd) { return ckvm_result(ioctl(fd, KVM_GET_VCPU_MMAP_SIZE, 0)); }
static inline int ckvm_get_supported_cpuid(int fd, struct kvm_cpuid2 *list) { return ckvm_result(ioctl(fd, KVM_GET_SUPPORTED_CPUID, list)); }
static inline int ckvm_get_emulated_cpuid(int fd, struct kvm_cpuid2 *list) { return ckvm_result(ioctl(fd, KVM_GET_EMULATED_CPUID, list)); }
static inline int ckvm_get_msr_index_list(int fd, struct kvm_msr_list *list) { return ckvm_result(ioctl(fd, KVM_GET_MSR_INDEX_LIST, list)); }
static inline int ckvm_get_msr_feature_index_list(int fd, struct kvm_msr_list *list) { return ckvm_result(ioctl(fd, KVM_GET_MSR_FEATURE_INDEX_LIST, list)); }

/* ---- /dev/kvm and virtual machine ---- */

static inline int ckvm_check_extension(int fd, int capability) { return ckvm_result(ioctl(fd, KVM_CHECK_EXTENSION, (long)capability)); }

/* ---- virtual machine: processors, memory, options ---- */

static inline int ckvm_create_vcpu(int fd, unsigned long id) { return ckvm_result(ioctl(fd, KVM_CREATE_VCPU, id)); }
static inline int ckvm_set_user_memory_region(int fd, const struct kvm_userspace_memory_region *region) { return ckvm_result(ioctl(fd, KVM_SET_USER_MEMORY_REGION, region)); }
static inline int ckvm_get_dirty_log(int fd, struct kvm_dirty_log *log) { return ckvm_result(ioctl(fd, KVM_GET_DIRTY_LOG, log)); }
static inline int ckvm_clear_dirty_log(int fd, struct kvm_clear_dirty_log *log) { return ckvm_result(ioctl(fd, KVM_CLEAR_DIRTY_LOG, log)); }
static inline int ckvm_set_tss_addr(int fd, unsigned long address) { return ckvm_result(ioctl(fd, KVM_SET_TSS_ADDR, address)); }
static inline int ckvm_set_identity_map_addr(int fd, const __u64 *address) { return ckvm_result(ioctl(fd, KVM_SET_IDENTITY_MAP_ADDR, address)); }
static inline int ckvm_set_boot_cpu_id(int fd, unsigned long id) { return ckvm_result(ioctl(fd, KVM_SET_BOOT_CPU_ID, id)); }
static inline int ckvm_enable_cap(int fd, const struct kvm_enable_cap *request) { return ckvm_result(ioctl(fd, KVM_ENABLE_CAP, request)); }
static inline int ckvm_x86_set_msr_filter(int fd, const struct kvm_msr_filter *filter) { return ckvm_result(ioctl(fd, KVM_X86_SET_MSR_FILTER, filter)); }

/* ---- virtual machine: interrupts ---- */

static inline int ckvm_create_irqchip(int fd) { return ckvm_result(ioctl(fd, KVM_CREATE_IRQCHIP, 0)); }
static inline int ckvm_irq_line(int fd, const struct kvm_irq_level *level) { return ckvm_result(ioctl(fd, KVM_IRQ_LINE, level)); }
static inline int ckvm_get_irqchip(int fd, struct kvm_irqchip *chip) { return ckvm_result(ioctl(fd, KVM_GET_IRQCHIP, chip)); }
static inline int ckvm_set_irqchip(int fd, const struct kvm_irqchip *chip) { return ckvm_result(ioctl(fd, KVM_SET_IRQCHIP, chip)); }
static inline int ckvm_create_pit2(int fd, const struct kvm_pit_config *config) { return ckvm_result(ioctl(fd, KVM_CREATE_PIT2, config)); }
static inline int ckvm_get_pit2(int fd, struct kvm_pit_state2 *state) { return ckvm_result(ioctl(fd, KVM_GET_PIT2, state)); }
static inline int ckvm_set_pit2(int fd, const struct kvm_pit_state2 *state) { return ckvm_result(ioctl(fd, KVM_SET_PIT2, state)); }
static inline int ckvm_signal_msi(int fd, const struct kvm_msi *message) { return ckvm_result(ioctl(fd, KVM_SIGNAL_MSI, message)); }
static inline int ckvm_set_gsi_routing(int fd, const struct kvm_irq_routing *table) { return ckvm_result(ioctl(fd, KVM_SET_GSI_ROUTING, table)); }
static inline int ckvm_irqfd(int fd, const struct kvm_irqfd *request) { return ckvm_result(ioctl(fd, KVM_IRQFD, request)); }
static inline int ckvm_ioeventfd(int fd, const struct kvm_ioeventfd *request) { return ckvm_result(ioctl(fd, KVM_IOEVENTFD, request)); }

/* ---- virtual machine: time ---- */

static inline int ckvm_get_clock(int fd, struct kvm_clock_data *clock) { return ckvm_result(ioctl(fd, KVM_GET_CLOCK, clock)); }
static inline int ckvm_set_clock(int fd, const struct kvm_clock_data *clock) { return ckvm_result(ioctl(fd, KVM_SET_CLOCK, clock)); }

/* ---- virtual CPU: running ---- */

/* Success first: it is what the code is laid out for. */
static inline int ckvm_run(int fd) {
  int result = ioctl(fd, KVM_RUN, 0);
  return __builtin_expect(result == 0, 1) ? 0 : ckvm_result(result);
}
static inline int ckvm_set_signal_mask(int fd, const struct kvm_signal_mask *mask) { return ckvm_result(ioctl(fd, KVM_SET_SIGNAL_MASK, mask)); }

/* ---- virtual CPU: state ---- */

static inline int ckvm_get_regs(int fd, struct kvm_regs *state) { return ckvm_result(ioctl(fd, KVM_GET_REGS, state)); }
static inline int ckvm_set_regs(int fd, const struct kvm_regs *state) { return ckvm_result(ioctl(fd, KVM_SET_REGS, state)); }
static inline int ckvm_get_sregs(int fd, struct kvm_sregs *state) { return ckvm_result(ioctl(fd, KVM_GET_SREGS, state)); }
static inline int ckvm_set_sregs(int fd, const struct kvm_sregs *state) { return ckvm_result(ioctl(fd, KVM_SET_SREGS, state)); }
static inline int ckvm_get_sregs2(int fd, struct kvm_sregs2 *state) { return ckvm_result(ioctl(fd, KVM_GET_SREGS2, state)); }
static inline int ckvm_set_sregs2(int fd, const struct kvm_sregs2 *state) { return ckvm_result(ioctl(fd, KVM_SET_SREGS2, state)); }
static inline int ckvm_get_fpu(int fd, struct kvm_fpu *state) { return ckvm_result(ioctl(fd, KVM_GET_FPU, state)); }
static inline int ckvm_set_fpu(int fd, const struct kvm_fpu *state) { return ckvm_result(ioctl(fd, KVM_SET_FPU, state)); }
/* The kernel fills sizeof(struct kvm_xsave) bytes. */
static inline int ckvm_get_xsave(int fd, void *area) { return ckvm_result(ioctl(fd, KVM_GET_XSAVE, area)); }
/* The kernel fills as many bytes as KVM_CAP_XSAVE2 says. */
static inline int ckvm_get_xsave2(int fd, void *area) { return ckvm_result(ioctl(fd, KVM_GET_XSAVE2, area)); }
/* The kernel reads as many bytes as KVM_CAP_XSAVE2 says. */
static inline int ckvm_set_xsave(int fd, const void *area) { return ckvm_result(ioctl(fd, KVM_SET_XSAVE, area)); }
static inline int ckvm_get_xcrs(int fd, struct kvm_xcrs *state) { return ckvm_result(ioctl(fd, KVM_GET_XCRS, state)); }
static inline int ckvm_set_xcrs(int fd, const struct kvm_xcrs *state) { return ckvm_result(ioctl(fd, KVM_SET_XCRS, state)); }
/* Of a virtual CPU: its registers. Of /dev/kvm: the host's feature registers. */
static inline int ckvm_get_msrs(int fd, struct kvm_msrs *list) { return ckvm_result(ioctl(fd, KVM_GET_MSRS, list)); }
static inline int ckvm_set_msrs(int fd, const struct kvm_msrs *list) { return ckvm_result(ioctl(fd, KVM_SET_MSRS, list)); }
static inline int ckvm_get_cpuid2(int fd, struct kvm_cpuid2 *list) { return ckvm_result(ioctl(fd, KVM_GET_CPUID2, list)); }
static inline int ckvm_set_cpuid2(int fd, const struct kvm_cpuid2 *list) { return ckvm_result(ioctl(fd, KVM_SET_CPUID2, list)); }
static inline int ckvm_get_lapic(int fd, struct kvm_lapic_state *state) { return ckvm_result(ioctl(fd, KVM_GET_LAPIC, state)); }
static inline int ckvm_set_lapic(int fd, const struct kvm_lapic_state *state) { return ckvm_result(ioctl(fd, KVM_SET_LAPIC, state)); }
static inline int ckvm_get_mp_state(int fd, struct kvm_mp_state *state) { return ckvm_result(ioctl(fd, KVM_GET_MP_STATE, state)); }
static inline int ckvm_set_mp_state(int fd, const struct kvm_mp_state *state) { return ckvm_result(ioctl(fd, KVM_SET_MP_STATE, state)); }
static inline int ckvm_get_tsc_khz(int fd) { return ckvm_result(ioctl(fd, KVM_GET_TSC_KHZ, 0)); }
static inline int ckvm_kvmclock_ctrl(int fd) { return ckvm_result(ioctl(fd, KVM_KVMCLOCK_CTRL, 0)); }

/* ---- virtual CPU: events and debugging ---- */

static inline int ckvm_get_vcpu_events(int fd, struct kvm_vcpu_events *events) { return ckvm_result(ioctl(fd, KVM_GET_VCPU_EVENTS, events)); }
static inline int ckvm_set_vcpu_events(int fd, const struct kvm_vcpu_events *events) { return ckvm_result(ioctl(fd, KVM_SET_VCPU_EVENTS, events)); }
static inline int ckvm_interrupt(int fd, const struct kvm_interrupt *interrupt) { return ckvm_result(ioctl(fd, KVM_INTERRUPT, interrupt)); }
static inline int ckvm_nmi(int fd) { return ckvm_result(ioctl(fd, KVM_NMI, 0)); }
static inline int ckvm_smi(int fd) { return ckvm_result(ioctl(fd, KVM_SMI, 0)); }
static inline int ckvm_get_debugregs(int fd, struct kvm_debugregs *state) { return ckvm_result(ioctl(fd, KVM_GET_DEBUGREGS, state)); }
static inline int ckvm_set_debugregs(int fd, const struct kvm_debugregs *state) { return ckvm_result(ioctl(fd, KVM_SET_DEBUGREGS, state)); }
static inline int ckvm_set_guest_debug(int fd, const struct kvm_guest_debug *request) { return ckvm_result(ioctl(fd, KVM_SET_GUEST_DEBUG, request)); }
static inline int ckvm_translate(int fd, struct kvm_translation *translation) { return ckvm_result(ioctl(fd, KVM_TRANSLATE, translation)); }

/* ---- virtual machine and virtual CPU: statistics ---- */

/* The kernel makes this descriptor without O_CLOEXEC; it is added before anybody sees it. */
static inline int ckvm_get_stats_fd(int fd) {
  int stats = ioctl(fd, KVM_GET_STATS_FD, 0);
  if (stats >= 0) (void)fcntl(stats, F_SETFD, FD_CLOEXEC);
  return ckvm_result(stats);
}

static inline long ckvm_pread(int fd, void *bytes, unsigned long count, long offset) { return pread(fd, bytes, count, offset); }

/* ---- flexible arrays ---- */

static inline struct kvm_cpuid_entry2 *ckvm_cpuid2_entries(struct kvm_cpuid2 *list) { return list->entries; }
static inline struct kvm_msr_entry *ckvm_msrs_entries(struct kvm_msrs *list) { return list->entries; }
static inline __u32 *ckvm_msr_list_indices(struct kvm_msr_list *list) { return list->indices; }
static inline struct kvm_irq_routing_entry *ckvm_irq_routing_entries(struct kvm_irq_routing *table) { return table->entries; }
static inline __u8 *ckvm_signal_mask_sigset(struct kvm_signal_mask *mask) { return mask->sigset; }

/* ---- a member that Swift does not import, because of its bit fields ---- */

static inline __u64 ckvm_ioapic_get_redirection(const struct kvm_ioapic_state *state, unsigned pin) {
  return pin < KVM_IOAPIC_NUM_PINS ? state->redirtbl[pin].bits : 0;
}
static inline void ckvm_ioapic_set_redirection(struct kvm_ioapic_state *state, unsigned pin, __u64 entry) {
  if (pin < KVM_IOAPIC_NUM_PINS) state->redirtbl[pin].bits = entry;
}

/* ---- the run area ---- */

/* Another thread may store this while the kernel reads it, hence atomic. */
static inline void ckvm_run_set_immediate_exit(struct kvm_run *run, __u8 value) {
  __atomic_store_n(&run->immediate_exit, value, __ATOMIC_SEQ_CST);
}
static inline __u8 ckvm_run_get_immediate_exit(struct kvm_run *run) {
  return __atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST);
}
/* The registers shared with the kernel, without a copy of the whole area. */
static inline struct kvm_sync_regs *ckvm_run_sync_regs(struct kvm_run *run) { return &run->s.regs; }

/* Direction (bit 0), size, port and count of a port access in one word, as `io` has them in its first eight bytes. */
static inline uint64_t ckvm_run_io_parts(const struct kvm_run *run) {
  uint64_t parts;
  _Static_assert(offsetof(struct kvm_run, io.count) + 4 == offsetof(struct kvm_run, io.data_offset), "struct kvm_run");
  memcpy(&parts, &run->io, sizeof parts);
  return parts;
}

/* Where the bytes of a memory access are. Swift cannot take the address of a member of the union. */
static inline uint8_t *ckvm_run_mmio_data(struct kvm_run *run) { return run->mmio.data; }

#endif
