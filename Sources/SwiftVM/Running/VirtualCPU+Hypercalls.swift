internal import Engine

/// The hypercalls of KVM's interface that an engine leaves to the run loop: those of the software engine
/// (Linux, Documentation/virt/kvm/x86/hypercalls.rst). KVM answers its own.
extension VirtualCPU {
  /// Hypercalls by their numbers (KVM_HC_…).
  private enum Hypercall: UInt64 {
    /// Asks for the interrupts that wait: they are looked at after every exit.
    case pollInterrupts = 1
    /// Wakes another vCPU from HLT.
    case kickProcessor = 5
    /// Sends an interrupt to many vCPUs.
    case sendInterrupts = 10
    /// Gives the turn away: the engine has seen to that.
    case yield = 11
  }

  /// -KVM_ENOSYS and -EINVAL.
  private static var notKnown: Int64 { -1000 }
  private static var invalid: Int64 { -22 }

  /// Answers a hypercall.
  func answer(hypercall number: UInt64) {
    let arguments = processor.hypercallArguments
    switch Hypercall(rawValue: number) {
    case .pollInterrupts, .yield: processor.completeHypercall(0)
    case .kickProcessor:
      if let target = vcpu(withAPICID: arguments.second) { machine.gate.endHalt(vcpu: target) }
      processor.completeHypercall(0)
    case .sendInterrupts: processor.completeHypercall(sendInterrupts(arguments))
    case nil: processor.completeHypercall(Self.notKnown)
    }
  }

  /// Sends an interrupt to the vCPUs whose APIC IDs less the third argument are bits of the first two
  /// arguments.
  ///
  /// - Returns: to how many.
  private func sendInterrupts(_ arguments: HypercallArguments) -> Int64 {
    // The interrupt, as in the command register of a local APIC: vector and delivery mode, fixed or NMI.
    let command = arguments.fourth
    guard command & ~0x47FF == 0, command & 0x700 == 0 || command & 0x700 == 0x400 else {
      return Self.invalid
    }
    var sent: Int64 = 0
    for (word, base) in [(arguments.first, UInt64(0)), (arguments.second, 64)] {
      var bits = word
      while bits != 0 {
        let bit = base + UInt64(bits.trailingZeroBitCount)
        bits &= bits &- 1
        let (identifier, overflow) = arguments.third.addingReportingOverflow(bit)
        guard !overflow, let target = vcpu(withAPICID: identifier) else { continue }
        machine.interrupts.signal(
          MSIMessage(
            address: 0xFEE0_0000 | UInt64(target) << 12, data: UInt32(truncatingIfNeeded: command & 0x7FF)))
        sent += 1
      }
    }
    return sent
  }

  private func vcpu(withAPICID identifier: UInt64) -> Int? {
    let count = machine.localControllers.count
    return identifier < UInt64(count) ? Int(identifier) : nil
  }
}
