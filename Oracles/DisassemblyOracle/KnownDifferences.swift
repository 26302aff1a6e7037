internal import X86

/// Where the decoder and llvm-objdump are known to differ, and which of the two is right.
enum KnownDifferences {
  /// Why the decoder takes bytes for an instruction that the listing has none for; nil where that
  /// is not known to be right.
  static func accepted(_ instruction: Instruction, _ codeSize: CodeSize) -> String? {
    switch instruction.operation {
    case .evex: "EVEX, of which only the length is decoded"
    case .nop, .prefetch: "hints: undefined ones are NOPs (SDM Vol. 2, \"NOP\")"
    case .fneni, .fndisi, .fnsetpm: "no-operations since the 80387"
    case .fcom, .fcomp, .fxch, .fstp: "x87 forms that no manual names"
    case .salc, .int1, .ud0, .ud1: "undocumented, but on every processor"
    case .shl: "group 2 /6, on every processor another SHL"
    case .test: "group 3 /1, on every processor another TEST"
    case .mov:
      switch (instruction.operands[0], instruction.operands[1]) {
      case (.control, _), (.debug, _), (_, .control), (_, .debug):
        "ModRM.mod is ignored by moves to and from CR and DR"
      default: nil
      }
    case .bsf, .bsr, .wbinvd, .getsec, .movbe, .rdrand, .rdseed, .bswap: "a prefix without a meaning"
    case .cldemote, .psmash, .pvalidate, .rmpadjust, .rmpupdate, .rdpru, .invlpgb, .tlbsync,
      .pcmpestri, .pcmpestrm, .vpcmpestri, .vpcmpestrm, .serialize:
      "instructions or forms that the listing's maker does not know"
    case .add where instruction.map == .primary && instruction.opcode == 0x82,
      .or where instruction.opcode == 0x82:
      "82, which is 80 outside 64-bit mode"
    default:
      instruction.prefixes.contains(.vex) && codeSize != .bits64
        ? "VEX.vvvv's high bit, which is ignored outside 64-bit mode" : nil
    }
  }

  /// Why the decoder takes what is listed as `words` for undefined; nil where that is wrong.
  static func refused(_ words: [String], _ bytes: [UInt8]) -> String? {
    guard let mnemonic = words.first else { return nil }
    if bytes.count > 15 { return "more than fifteen bytes, which no processor executes" }
    if bytes.count > 2, bytes[0] == 0xF2 || bytes[0] == 0xF3, bytes[1] & 0xF8 == 0x48 {
      return "F2 or F3 where there is no such form, overlooked in the listing because of REX.W"
    }
    if mnemonic == "lock" { return "LOCK where it is not allowed" }
    if mnemonic == "mov", words.contains("cs") { return "CS cannot be loaded by MOV" }
    if mnemonic == "mov", words.dropFirst().contains(where: { $0.hasPrefix("cr") || $0.hasPrefix("dr") }) {
      return "control and debug registers that do not exist"
    }
    if ["fxsave", "fxrstor", "fxsave64", "fxrstor64", "ldmxcsr", "stmxcsr", "xsave", "xrstor", "xrstors"]
      .contains(mnemonic)
    {
      return "a prefix that makes it undefined (NP in the manual)"
    }
    let opcode = bytes.firstIndex { !legacyPrefixes.contains($0) } ?? 0
    if opcode > 0, [0xC4, 0xC5, 0x62].contains(bytes[opcode]) { return "VEX or EVEX after 66, F2 or F3" }
    if mnemonic == "movdir64b" { return "a prefix that makes it undefined (NP in the manual)" }
    if mnemonic == "extrq" { return "ModRM.reg is part of EXTRQ's opcode" }
    let families = [
      ("3DNow!", ["femms", "pf", "pi2f", "pavgusb", "pmulhrw", "pswapd"]),
      ("AMX", ["tile", "td", "ldtilecfg", "sttilecfg"]),
      (
        "Key Locker",
        [
          "aesdec128kl", "aesdec256kl", "aesenc128kl", "aesenc256kl", "aesdecwide", "aesencwide", "encodekey",
          "loadiwkey",
        ]
      ),
      (
        "FMA4 and XOP",
        [
          "vfm", "vfnm", "vpermil2", "vpcom", "vpperm", "vpcmov", "vfrcz", "vpmacs", "vpmadcs", "vprot",
          "vpsha", "vpshl", "vphadd", "vphsub", "bl", "t1mskc", "tzmsk", "bextr", "lwpins", "lwpval",
          "llwpcb", "slwpcb",
        ]
      ),
      ("AVX-VNNI", ["{vex}"]),
      ("PadLock", ["x", "montmul"]),
      (
        "others that are not offered",
        ["enqcmd", "senduipi", "hreset", "stui", "clui", "testui", "uiret", "bndmk"]
      ),
    ]
    for (name, prefixes) in families where prefixes.contains(where: { mnemonic.hasPrefix($0) }) {
      return "\(name): no processor with it is offered"
    }
    return nil
  }

  /// Why the listing cannot be trusted about these bytes, whatever it says; nil where it can.
  static func distrust(_ bytes: [UInt8], _ codeSize: CodeSize) -> String? {
    guard codeSize == .bits16, let opcode = bytes.firstIndex(where: { !legacyPrefixes.contains($0) }) else {
      return nil
    }
    let hasPrefix = bytes[..<opcode].contains { [0x66, 0xF2, 0xF3].contains($0) }
    if bytes[opcode] == 0x0F, hasPrefix {
      return "16-bit code, 0F after 66, F2 or F3: listed as if it were 32-bit code"
    }
    return nil
  }

  /// Whether the prefixes come as no compiler writes them.
  private static func isInOddOrder(_ bytes: [UInt8]) -> Bool {
    let segments: Set<UInt8> = [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65]
    let prefixes = bytes.prefix { legacyPrefixes.contains($0) || $0 & 0xF0 == 0x40 }
    return prefixes.count { segments.contains($0) } > 1
      || zip(prefixes, prefixes.dropFirst()).contains { $0 & 0xF0 == 0x40 && segments.contains($1) }
  }

  private static let legacyPrefixes: Set<UInt8> = [
    0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3,
  ]

  /// Why both are right, or the listing wrong, where they have another mnemonic or other operands.
  static func otherwise(_ instruction: Instruction, _ bytes: [UInt8], _ codeSize: CodeSize) -> String? {
    if codeSize == .bits64, isInOddOrder(bytes) {
      return "text taken for code: a segment prefix behind REX, or one without a meaning behind FS or GS"
    }
    return switch instruction.operation {
    case .cbw, .cwde, .cwd, .cdq, .shld, .shrd:
      codeSize == .bits16 ? "16-bit code: sizes of some instructions listed as in 32-bit code" : nil
    case .vblendvps, .vblendvpd, .vpblendvb:
      codeSize != .bits64 ? "a register number's high bit, ignored outside 64-bit mode" : nil
    case .jcxz, .pause, .bsf, .bsr:
      instruction.prefixes.contains(.wide)
        ? "REX.W without a meaning, after a prefix: overlooked prefix" : nil
    case .nop: "hints: undefined ones are NOPs (SDM Vol. 2, \"NOP\")"
    case .aam, .aad: "the usual base, not written"
    case .vpinsrd, .vpextrd:
      codeSize != .bits64 ? "VEX.W, ignored for general registers outside 64-bit mode" : nil
    case .rstorssp: "an operand of eight bytes, listed as four"
    case .xbegin: "XBEGIN's displacement of 16 bits"
    case .movsxd: "MOVSXD with 66 reads 16 bits on Intel's processors, 32 on AMD's"
    default: nil
    }
  }

  /// Whether 66 shortens the branch in the listing, as AMD's processors have it; on Intel's, and
  /// here, it does not in 64-bit mode.
  static func isShortenedBranch(_ bytes: some Sequence<UInt8>, _ codeSize: CodeSize, _ words: [String])
    -> Bool
  {
    guard codeSize == .bits64, let mnemonic = words.first else { return false }
    let isBranch =
      mnemonic.hasPrefix("j") || mnemonic == "call" || mnemonic.hasPrefix("ret") || mnemonic.hasPrefix("loop")
      || mnemonic == "xbegin"
    return isBranch && bytes.prefix { legacyPrefixes.contains($0) || $0 & 0xF0 == 0x40 }.contains(0x66)
  }
}
