public import CKVM

extension KVMProcessor {
  /// General registers, instruction pointer and flags (KVM_GET_REGS; section 4.11).
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func registers() throws(KVMError) -> KVMRegisters {
    var state = kvm_regs()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_regs(file, &state), "KVM_GET_REGS", on: name)
    return state
  }

  /// Sets general registers, instruction pointer and flags (KVM_SET_REGS; section 4.12).
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func setRegisters(_ state: KVMRegisters) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_regs(file, &state), "KVM_SET_REGS", on: name)
  }

  /// Segments, control registers, descriptor tables, EFER and APIC base (KVM_GET_SREGS; section 4.13).
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func specialRegisters() throws(KVMError) -> KVMSpecialRegisters {
    var state = kvm_sregs()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_sregs(file, &state), "KVM_GET_SREGS", on: name)
    return state
  }

  /// Sets segments, control registers, descriptor tables, EFER and APIC base (KVM_SET_SREGS; section 4.14).
  ///
  /// - Throws: EINVAL for a combination that no processor allows.
  public func setSpecialRegisters(_ state: KVMSpecialRegisters) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_sregs(file, &state), "KVM_SET_SREGS", on: name)
  }

  /// The same with the PDPTRs and without the interrupt bitmap; see `hasSpecialRegisters2` (KVM_GET_SREGS2; section 4.131).
  ///
  /// - Throws: ENOTTY where the kernel lacks `KVMCapability.specialRegisters2`.
  public func specialRegisters2() throws(KVMError) -> KVMSpecialRegisters2 {
    var state = kvm_sregs2()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_sregs2(file, &state), "KVM_GET_SREGS2", on: name)
    return state
  }

  /// Sets the same, and the PDPTRs where `flags` is 1 (KVM_SET_SREGS2; section 4.132).
  ///
  /// - Throws: EINVAL for a combination that no processor allows, ENOTTY as above.
  public func setSpecialRegisters2(_ state: KVMSpecialRegisters2) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_sregs2(file, &state), "KVM_SET_SREGS2", on: name)
  }

  /// x87 and SSE registers (KVM_GET_FPU; section 4.22). The kernel leaves `mxcsr` out: it is 0 here;
  /// `xsave()` has it.
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func fpu() throws(KVMError) -> KVMFPU {
    var state = kvm_fpu()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_fpu(file, &state), "KVM_GET_FPU", on: name)
    return state
  }

  /// Sets x87 and SSE registers (KVM_SET_FPU; section 4.23), but not MXCSR: the kernel ignores
  /// `mxcsr`; `setXSAVE` sets it.
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func setFPU(_ state: KVMFPU) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_fpu(file, &state), "KVM_SET_FPU", on: name)
  }

  /// The XSAVE area, in the standard format at the offsets of CPUID leaf 0xD (KVM_GET_XSAVE2, or
  /// KVM_GET_XSAVE on kernels without it; sections 4.134 and 4.42).
  ///
  /// - Returns: `xsaveByteCount` bytes.
  /// - Throws: what the ioctl fails with; never seen to.
  public func xsave() throws(KVMError) -> [UInt8] {
    var area = [UInt8](repeating: 0, count: xsaveByteCount)
    // Sound: the kernel writes 4096 bytes (XSAVE), or as many as it said (XSAVE2), and the array
    // has the larger of both.
    let result = unsafe area.withUnsafeMutableBytes { bytes in
      let result = unsafe ckvm_get_xsave2(file, bytes.baseAddress)
      guard result == -ENOTTY || result == -EINVAL else { return result }
      return unsafe ckvm_get_xsave(file, bytes.baseAddress)
    }
    try KVM.check(result, "KVM_GET_XSAVE", on: name)
    return area
  }

  /// Sets the XSAVE area (KVM_SET_XSAVE; section 4.43). An area shorter than `xsaveByteCount` is
  /// filled up with zeros: components beyond it get their initial state.
  ///
  /// - Throws: EINVAL for components that the host lacks or reserved bits, and for an area with
  ///   more in it than this host has room for.
  public func setXSAVE(_ area: [UInt8]) throws(KVMError) {
    guard area.dropFirst(xsaveByteCount).allSatisfy({ $0 == 0 }) else {
      throw KVMError(
        operation: "KVM_SET_XSAVE", object: name, errno: EINVAL,
        advice: """
          The state has \(area.count) bytes and this host takes \(xsaveByteCount): it comes from a \
          processor with more registers; use such a host.
          """)
    }
    var area = area
    if area.count < xsaveByteCount {
      area += [UInt8](repeating: 0, count: xsaveByteCount - area.count)
    }
    // Sound: the kernel reads at most `xsaveByteCount` bytes during the call only.
    let result = unsafe area.withUnsafeBytes { unsafe ckvm_set_xsave(file, $0.baseAddress) }
    try KVM.check(result, "KVM_SET_XSAVE", on: name)
  }

  /// Extended control registers: XCR0 (KVM_GET_XCRS; section 4.44).
  ///
  /// - Throws: EINVAL where the kernel lacks `KVMCapability.xcrs`.
  public func extendedControlRegisters() throws(KVMError) -> KVMExtendedControlRegisters {
    var state = kvm_xcrs()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_xcrs(file, &state), "KVM_GET_XCRS", on: name)
    return state
  }

  /// Sets extended control registers (KVM_SET_XCRS; section 4.45).
  ///
  /// - Throws: EINVAL for a value that the host or the CPUID list does not allow.
  public func setExtendedControlRegisters(_ state: KVMExtendedControlRegisters) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_xcrs(file, &state), "KVM_SET_XCRS", on: name)
  }
}
