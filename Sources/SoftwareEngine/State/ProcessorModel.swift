internal import X86

/// What CPU the guest sees: what CPUID tells, and the sizes that follow from it.
struct ProcessorModel {
  /// Bits of a physical address.
  var physicalAddressBits = 40
  /// Whether 1 GiB pages exist.
  var hasGigabytePages = false
}

extension ProcessorModel {
  /// Whether instructions of this feature exist.
  func has(_ feature: InstructionFeature) -> Bool { true }
}
