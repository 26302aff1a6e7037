internal import KVM
internal import X86

/// Between the architecture's registers and KVM's structures (KVM API, KVM_GET_REGS and
/// KVM_GET_SREGS). Nothing here decides; it only renames.

extension GeneralRegisters {
  init(_ registers: KVMRegisters) {
    self.init()
    (rax, rbx, rcx, rdx) = (registers.rax, registers.rbx, registers.rcx, registers.rdx)
    (rsi, rdi, rsp, rbp) = (registers.rsi, registers.rdi, registers.rsp, registers.rbp)
    (r8, r9, r10, r11) = (registers.r8, registers.r9, registers.r10, registers.r11)
    (r12, r13, r14, r15) = (registers.r12, registers.r13, registers.r14, registers.r15)
  }
}

extension KVMRegisters {
  init(_ state: CPUState) {
    let general = state.general
    self.init(
      rax: general.rax, rbx: general.rbx, rcx: general.rcx, rdx: general.rdx,
      rsi: general.rsi, rdi: general.rdi, rsp: general.rsp, rbp: general.rbp,
      r8: general.r8, r9: general.r9, r10: general.r10, r11: general.r11,
      r12: general.r12, r13: general.r13, r14: general.r14, r15: general.r15,
      rip: state.rip, rflags: state.rflags.rawValue)
  }
}

extension Segment {
  init(_ segment: KVMSegment) {
    self.init()
    selector = segment.selector
    base = segment.base
    limit = segment.limit
    attributes.type = segment.type
    attributes.isCodeOrData = segment.s != 0
    attributes.privilegeLevel = segment.dpl
    attributes.isPresent = segment.present != 0
    attributes.isAvailable = segment.avl != 0
    attributes.isLong = segment.l != 0
    attributes.isDefault32 = segment.db != 0
    attributes.isPageGranular = segment.g != 0
    attributes.isUnusable = segment.unusable != 0
  }
}

extension KVMSegment {
  init(_ segment: Segment) {
    let attributes = segment.attributes
    self.init()
    base = segment.base
    limit = segment.limit
    selector = segment.selector
    type = attributes.type
    present = attributes.isPresent ? 1 : 0
    dpl = attributes.privilegeLevel
    db = attributes.isDefault32 ? 1 : 0
    s = attributes.isCodeOrData ? 1 : 0
    l = attributes.isLong ? 1 : 0
    g = attributes.isPageGranular ? 1 : 0
    avl = attributes.isAvailable ? 1 : 0
    unusable = attributes.isUnusable ? 1 : 0
  }
}

extension DescriptorTable {
  init(_ table: KVMDescriptorTable) { self.init(base: table.base, limit: table.limit) }
}

extension KVMDescriptorTable {
  init(_ table: DescriptorTable) {
    self.init()
    base = table.base
    limit = table.limit
  }
}

extension CPUState {
  /// Takes over what KVM_GET_REGS holds.
  mutating func take(_ registers: KVMRegisters) {
    general = GeneralRegisters(registers)
    rip = registers.rip
    rflags = RFLAGS(rawValue: registers.rflags)
  }

  /// Takes over what KVM_GET_SREGS holds.
  mutating func take(_ special: KVMSpecialRegisters) {
    cs = Segment(special.cs)
    ds = Segment(special.ds)
    es = Segment(special.es)
    fs = Segment(special.fs)
    gs = Segment(special.gs)
    ss = Segment(special.ss)
    tr = Segment(special.tr)
    ldt = Segment(special.ldt)
    gdt = DescriptorTable(special.gdt)
    idt = DescriptorTable(special.idt)
    cr0 = CR0(rawValue: special.cr0)
    cr2 = special.cr2
    cr3 = CR3(rawValue: special.cr3)
    cr4 = CR4(rawValue: special.cr4)
    cr8 = special.cr8
    efer = EFER(rawValue: special.efer)
    apicBase = special.apic_base
  }
}

extension KVMSpecialRegisters {
  /// Takes over what a `CPUState` holds of these registers.
  ///
  /// An APIC base of zero stands for "as the engine made it": a local APIC that is switched off and
  /// lies at address 0 is no state that a guest could be in on purpose.
  mutating func take(_ state: CPUState) {
    cs = KVMSegment(state.cs)
    ds = KVMSegment(state.ds)
    es = KVMSegment(state.es)
    fs = KVMSegment(state.fs)
    gs = KVMSegment(state.gs)
    ss = KVMSegment(state.ss)
    tr = KVMSegment(state.tr)
    ldt = KVMSegment(state.ldt)
    gdt = KVMDescriptorTable(state.gdt)
    idt = KVMDescriptorTable(state.idt)
    cr0 = state.cr0.rawValue
    cr2 = state.cr2
    cr3 = state.cr3.rawValue
    cr4 = state.cr4.rawValue
    cr8 = state.cr8
    efer = state.efer.rawValue
    if state.apicBase != 0 { apic_base = state.apicBase }
  }
}
