internal import X86

/// Which of the instructions that the host executes for the guest the host has.
struct HostFeatures {
  private var missing: UInt128 = 0

  /// The host's, asked once.
  static let current = HostFeatures(HostIdentification.current.features)

  init(_ table: CPUIDTable) {
    let names: [(InstructionFeature, String)] = [
      (.x87, "fpu"), (.fxsr, "fxsr"), (.mmx, "mmx"), (.sse, "sse"), (.sse2, "sse2"), (.sse3, "pni"),
      (.ssse3, "ssse3"), (.sse41, "sse4_1"), (.sse42, "sse4_2"), (.aes, "aes"),
      (.pclmulqdq, "pclmulqdq"), (.sha, "sha_ni"), (.gfni, "gfni"),
    ]
    for (feature, name) in names where !table.hasNamed(name) {
      missing |= 1 << UInt128(feature.rawValue)
    }
  }

  /// Whether the host has it. What needs nothing of the host's is always there.
  func has(_ feature: InstructionFeature) -> Bool { missing >> UInt128(feature.rawValue) & 1 == 0 }
}
