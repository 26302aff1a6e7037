private import CLinux
internal import X86

/// Which of the instructions that the host executes for the guest the host has.
struct HostFeatures {
  private var missing: UInt64 = 0

  /// The host's, asked once.
  static let current = HostFeatures()

  private init() {
    let basic = Self.cpuid(1)
    let structured = Self.cpuid(7)
    note(.x87, basic.edx, 0)
    note(.fxsr, basic.edx, 24)
    note(.mmx, basic.edx, 23)
    note(.sse, basic.edx, 25)
    note(.sse2, basic.edx, 26)
    note(.sse3, basic.ecx, 0)
    note(.pclmulqdq, basic.ecx, 1)
    note(.ssse3, basic.ecx, 9)
    note(.sse41, basic.ecx, 19)
    note(.sse42, basic.ecx, 20)
    note(.aes, basic.ecx, 25)
    note(.gfni, structured.ecx, 8)
    note(.sha, structured.ebx, 29)
  }

  /// Whether the host has it. What needs nothing of the host's is always there.
  func has(_ feature: InstructionFeature) -> Bool { missing >> UInt64(feature.rawValue) & 1 == 0 }

  private mutating func note(_ feature: InstructionFeature, _ register: UInt32, _ bit: UInt32) {
    if register >> bit & 1 == 0 { missing |= 1 << UInt64(feature.rawValue) }
  }

  private static func cpuid(_ leaf: UInt32) -> (ebx: UInt32, ecx: UInt32, edx: UInt32) {
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4) {
      // Sound: the function writes four numbers.
      unsafe swiftvm_cpuid(leaf, 0, $0.baseAddress)
      return unsafe ($0[1], $0[2], $0[3])
    }
  }
}
