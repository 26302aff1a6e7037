internal import X86

/// A CPUID register that consists of features, and which of its bits the rules pass.
///
/// The rules are in `CPUIDFeatureRule`, by name. Here is what follows from them, so that a machine that starts
/// need not look up some three hundred names: that took longer than to open KVM. A test holds the two together.
struct FeatureWord: Equatable {
  var leaf: UInt32
  var subleaf: UInt32
  var register: CPUIDRegister
  /// The bits that are passed.
  var passed: UInt32
  /// Those of them that are passed only with the kernel's local APICs.
  var kernelAPIC: UInt32

  init(
    _ leaf: UInt32, _ subleaf: UInt32, _ register: CPUIDRegister, passed: UInt32, kernelAPIC: UInt32 = 0
  ) {
    (self.leaf, self.subleaf, self.register) = (leaf, subleaf, register)
    (self.passed, self.kernelAPIC) = (passed, kernelAPIC)
  }

  /// Every word that has features with names: what no rule passes is not shown.
  static let all: [Self] = [
    Self(0x1, 0, .ecx, passed: 0x7EDA_3203),
    Self(0x1, 0, .edx, passed: 0x0F8B_FBFF),
    Self(0x6, 0, .eax, passed: 0x0000_0004),
    Self(0x6, 0, .ecx, passed: 0),
    Self(0x7, 0, .ebx, passed: 0xFDBF_2FFB),
    Self(0x7, 0, .ecx, passed: 0x1A40_5F5F),
    Self(0x7, 0, .edx, passed: 0xBC81_4F1C),
    Self(0x7, 1, .eax, passed: 0x0080_1CBF),
    Self(0x7, 1, .edx, passed: 0x0000_4430),
    Self(0x7, 2, .edx, passed: 0x0000_003F),
    Self(0xD, 1, .eax, passed: 0x0000_000F),
    Self(0x4000_0001, 0, .eax, passed: 0x0100_7AFB, kernelAPIC: 0x0000_78D0),
    Self(0x4000_0001, 0, .edx, passed: 0x0000_0001),
    Self(0x8000_0001, 0, .ecx, passed: 0x00E1_0BF1),
    Self(0x8000_0001, 0, .edx, passed: 0xEE58_0800),
    Self(0x8000_0007, 0, .edx, passed: 0x0000_0100),
    Self(0x8000_0008, 0, .ebx, passed: 0x3702_D215),
    Self(0x8000_000A, 0, .edx, passed: 0),
    Self(0x8000_001F, 0, .eax, passed: 0),
    Self(0x8000_0021, 0, .eax, passed: 0x0000_0365),
    Self(0x8000_0021, 0, .ecx, passed: 0x0000_0006),
  ]

  /// The word of this register; nil where it has no features.
  static func of(_ leaf: UInt32, _ subleaf: UInt32, _ register: CPUIDRegister) -> Self? {
    all.first { $0.leaf == leaf && $0.subleaf == subleaf && $0.register == register }
  }

  /// The word that a feature is in.
  static func of(_ feature: CPUIDFeature) -> Self? { of(feature.leaf, feature.subleaf, feature.register) }
}

extension CPUIDFeatureRule {
  /// The features that the rule is about.
  var features: [CPUIDFeature] { names.split(separator: " ").compactMap { .named(String($0)) } }
}
