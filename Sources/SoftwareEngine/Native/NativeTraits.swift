internal import X86

/// What has to be done around an instruction that the host's CPU executes, beyond its operands.
struct NativeTraits: OptionSet {
  var rawValue: UInt16

  /// It names an XMM register: CR4.OSFXSR must be set.
  static let usesVectors = Self(rawValue: 1 << 0)
  /// It names an MMX register: the x87 changes to MMX.
  static let usesMMX = Self(rawValue: 1 << 1)
  /// It obeys MXCSR and raises flags there.
  static let usesMXCSR = Self(rawValue: 1 << 2)
  /// It leaves its result in RFLAGS.
  static let writesFlags = Self(rawValue: 1 << 3)
  /// It takes a condition from RFLAGS.
  static let readsFlags = Self(rawValue: 1 << 4)
  /// Its operand in memory is written, else read.
  static let storesMemory = Self(rawValue: 1 << 5)
  /// What it has in memory need not be aligned.
  static let isUnaligned = Self(rawValue: 1 << 6)
  /// XMM0 is an operand that the encoding does not name.
  static let readsXMM0 = Self(rawValue: 1 << 7)
  static let writesXMM0 = Self(rawValue: 1 << 8)
  /// RAX and RDX are the lengths of strings.
  static let readsLengths = Self(rawValue: 1 << 9)
  /// RCX is the result.
  static let writesRCX = Self(rawValue: 1 << 10)

  /// The traits of an instruction of the families MMX and SSE.
  init(vector instruction: borrowing Instruction) {
    self = Self.ofOperation(instruction.operation)
    if instruction.requiredAlignment == 1 { insert(.isUnaligned) }
    for index in 0..<4 {
      switch instruction.operands[index] {
      case .vector: insert(.usesVectors)
      case .mmx: insert(.usesMMX)
      case .memory: if index == 0 { insert(.storesMemory) }
      default: break
      }
    }
  }

  /// The traits of an x87 instruction.
  init(x87 operation: Operation) {
    self =
      switch operation {
      case .fst, .fstp, .fist, .fistp, .fisttp, .fbstp: .storesMemory
      case .fcmovb, .fcmovbe, .fcmove, .fcmovnb, .fcmovnbe, .fcmovne, .fcmovnu, .fcmovu: .readsFlags
      case .fcomi, .fcomip, .fucomi, .fucomip: .writesFlags
      default: []
      }
  }

  init(rawValue: UInt16) { self.rawValue = rawValue }

  private static func ofOperation(_ operation: Operation) -> Self {
    switch operation {
    case .addps, .addss, .addpd, .addsd, .subps, .subss, .subpd, .subsd, .mulps, .mulss, .mulpd, .mulsd,
      .divps, .divss, .divpd, .divsd, .sqrtps, .sqrtss, .sqrtpd, .sqrtsd, .maxps, .maxss, .maxpd, .maxsd,
      .minps, .minss, .minpd, .minsd, .cmpps, .cmpss, .cmppd, .cmpsd, .cvtpi2ps, .cvtps2pi, .cvtsi2ss,
      .cvtss2si, .cvttps2pi, .cvttss2si, .cvtdq2pd, .cvtdq2ps, .cvtpd2dq, .cvtpd2pi, .cvtpd2ps, .cvtpi2pd,
      .cvtps2dq, .cvtps2pd, .cvtsd2si, .cvtsd2ss, .cvtsi2sd, .cvtss2sd, .cvttpd2dq, .cvttpd2pi, .cvttps2dq,
      .cvttsd2si, .addsubpd, .addsubps, .haddpd, .haddps, .hsubpd, .hsubps, .dppd, .dpps, .roundpd,
      .roundps, .roundsd, .roundss:
      .usesMXCSR
    case .comiss, .comisd, .ucomiss, .ucomisd: [.usesMXCSR, .writesFlags]
    case .ptest: .writesFlags
    case .pcmpestri: [.writesFlags, .readsLengths, .writesRCX]
    case .pcmpestrm: [.writesFlags, .readsLengths, .writesXMM0]
    case .pcmpistri: [.writesFlags, .writesRCX]
    case .pcmpistrm: [.writesFlags, .writesXMM0]
    case .blendvpd, .blendvps, .pblendvb, .sha256rnds2: .readsXMM0
    default: []
    }
  }
}
