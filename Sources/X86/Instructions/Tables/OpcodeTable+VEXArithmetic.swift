/// The arithmetic of AVX and AVX2 in VEX map 1 (SDM Vol. 2, table A-3).
extension OpcodeTable {
  mutating func addVEXArithmetic() {
    addVEXFloats()
    addVEXIntegers()
    addVEXShiftGroups()
  }

  /// Opcode `opcode` of map 1.
  private mutating func vex(_ opcode: Int, _ entry: OpcodeEntry) { vex(1, opcode, entry) }

  /// With 256 bits the integer instructions are AVX2's.
  mutating func integerVEX(
    _ operation: Operation, _ first: OperandForm, _ second: OperandForm,
    _ third: OperandForm = .none, _ fourth: OperandForm = .none
  ) -> OpcodeEntry {
    let entry = OpcodeEntry.op(operation, first, second, third, fourth)
    return byLength(entry.of(.avx), entry.of(.avx2))
  }

  private mutating func addVEXFloats() {
    typealias Row = (
      opcode: Int, ps: Operation, pd: Operation, ss: Operation, sd: Operation
    )
    let binary: [Row] = [
      (0x58, .vaddps, .vaddpd, .vaddss, .vaddsd), (0x59, .vmulps, .vmulpd, .vmulss, .vmulsd),
      (0x5C, .vsubps, .vsubpd, .vsubss, .vsubsd), (0x5D, .vminps, .vminpd, .vminss, .vminsd),
      (0x5E, .vdivps, .vdivpd, .vdivss, .vdivsd), (0x5F, .vmaxps, .vmaxpd, .vmaxss, .vmaxsd),
    ]
    for (opcode, ps, pd, ss, sd) in binary {
      vex(
        opcode,
        byPrefix(
          none: .op(ps, .vx, .hx, .wx).of(.avx), p66: .op(pd, .vx, .hx, .wx).of(.avx),
          pF3: .op(ss, .vo, .ho, .wd).of(.avx), pF2: .op(sd, .vo, .ho, .wq).of(.avx)))
    }
    vex(
      0x51,
      byPrefix(
        none: .op(.vsqrtps, .vx, .wx).of(.avx), p66: .op(.vsqrtpd, .vx, .wx).of(.avx),
        pF3: .op(.vsqrtss, .vo, .ho, .wd).of(.avx), pF2: .op(.vsqrtsd, .vo, .ho, .wq).of(.avx)))
    vex(
      0x52,
      byPrefix(
        none: .op(.vrsqrtps, .vx, .wx).of(.avx), pF3: .op(.vrsqrtss, .vo, .ho, .wd).of(.avx)))
    vex(
      0x53,
      byPrefix(none: .op(.vrcpps, .vx, .wx).of(.avx), pF3: .op(.vrcpss, .vo, .ho, .wd).of(.avx)))
    let packed: [(Int, Operation, Operation)] = [
      (0x14, .vunpcklps, .vunpcklpd), (0x15, .vunpckhps, .vunpckhpd), (0x54, .vandps, .vandpd),
      (0x55, .vandnps, .vandnpd), (0x56, .vorps, .vorpd), (0x57, .vxorps, .vxorpd),
    ]
    for (opcode, ps, pd) in packed {
      vex(
        opcode,
        byPrefix(none: .op(ps, .vx, .hx, .wx).of(.avx), p66: .op(pd, .vx, .hx, .wx).of(.avx)))
    }
    let horizontal: [(Int, Operation, Operation)] = [
      (0x7C, .vhaddps, .vhaddpd), (0x7D, .vhsubps, .vhsubpd), (0xD0, .vaddsubps, .vaddsubpd),
    ]
    for (opcode, ps, pd) in horizontal {
      vex(
        opcode,
        byPrefix(p66: .op(pd, .vx, .hx, .wx).of(.avx), pF2: .op(ps, .vx, .hx, .wx).of(.avx)))
    }
    vex(
      0x2E, byPrefix(none: .op(.vucomiss, .vo, .wd).of(.avx), p66: .op(.vucomisd, .vo, .wq).of(.avx)))
    vex(
      0x2F, byPrefix(none: .op(.vcomiss, .vo, .wd).of(.avx), p66: .op(.vcomisd, .vo, .wq).of(.avx)))
    vex(
      0xC2,
      byPrefix(
        none: .op(.vcmpps, .vx, .hx, .wx, .ib).of(.avx),
        p66: .op(.vcmppd, .vx, .hx, .wx, .ib).of(.avx),
        pF3: .op(.vcmpss, .vo, .ho, .wd, .ib).of(.avx),
        pF2: .op(.vcmpsd, .vo, .ho, .wq, .ib).of(.avx)))
    vex(
      0xC6,
      byPrefix(
        none: .op(.vshufps, .vx, .hx, .wx, .ib).of(.avx),
        p66: .op(.vshufpd, .vx, .hx, .wx, .ib).of(.avx)))
  }

  private mutating func addVEXIntegers() {
    let plain: [(Int, Operation)] = [
      (0x60, .vpunpcklbw), (0x61, .vpunpcklwd), (0x62, .vpunpckldq), (0x63, .vpacksswb),
      (0x64, .vpcmpgtb), (0x65, .vpcmpgtw), (0x66, .vpcmpgtd), (0x67, .vpackuswb),
      (0x68, .vpunpckhbw), (0x69, .vpunpckhwd), (0x6A, .vpunpckhdq), (0x6B, .vpackssdw),
      (0x6C, .vpunpcklqdq), (0x6D, .vpunpckhqdq), (0x74, .vpcmpeqb), (0x75, .vpcmpeqw),
      (0x76, .vpcmpeqd), (0xD4, .vpaddq), (0xD5, .vpmullw), (0xD8, .vpsubusb), (0xD9, .vpsubusw),
      (0xDA, .vpminub), (0xDB, .vpand), (0xDC, .vpaddusb), (0xDD, .vpaddusw), (0xDE, .vpmaxub),
      (0xDF, .vpandn), (0xE0, .vpavgb), (0xE3, .vpavgw), (0xE4, .vpmulhuw), (0xE5, .vpmulhw),
      (0xE8, .vpsubsb), (0xE9, .vpsubsw), (0xEA, .vpminsw), (0xEB, .vpor), (0xEC, .vpaddsb),
      (0xED, .vpaddsw), (0xEE, .vpmaxsw), (0xEF, .vpxor), (0xF4, .vpmuludq), (0xF5, .vpmaddwd),
      (0xF6, .vpsadbw), (0xF8, .vpsubb), (0xF9, .vpsubw), (0xFA, .vpsubd), (0xFB, .vpsubq),
      (0xFC, .vpaddb), (0xFD, .vpaddw), (0xFE, .vpaddd),
    ]
    for (opcode, operation) in plain {
      vex(opcode, byPrefix(p66: integerVEX(operation, .vx, .hx, .wx)))
    }
    // The count is in 128 bits, however long the vectors.
    let shifts: [(Int, Operation)] = [
      (0xD1, .vpsrlw), (0xD2, .vpsrld), (0xD3, .vpsrlq), (0xE1, .vpsraw), (0xE2, .vpsrad),
      (0xF1, .vpsllw), (0xF2, .vpslld), (0xF3, .vpsllq),
    ]
    for (opcode, operation) in shifts {
      vex(opcode, byPrefix(p66: integerVEX(operation, .vx, .hx, .wo)))
    }
    vex(
      0x70,
      byPrefix(
        p66: integerVEX(.vpshufd, .vx, .wx, .ib), pF3: integerVEX(.vpshufhw, .vx, .wx, .ib),
        pF2: integerVEX(.vpshuflw, .vx, .wx, .ib)))
  }

  /// Groups 12, 13 and 14.
  private mutating func addVEXShiftGroups() {
    func shift(_ operation: Operation) -> OpcodeEntry {
      byPrefix(p66: integerVEX(operation, .hx, .ux, .ib))
    }
    vex(
      0x71,
      byExtension([
        .undefined, .undefined, shift(.vpsrlw), .undefined, shift(.vpsraw), .undefined,
        shift(.vpsllw),
      ]))
    vex(
      0x72,
      byExtension([
        .undefined, .undefined, shift(.vpsrld), .undefined, shift(.vpsrad), .undefined,
        shift(.vpslld),
      ]))
    vex(
      0x73,
      byExtension([
        .undefined, .undefined, shift(.vpsrlq), shift(.vpsrldq), .undefined, .undefined,
        shift(.vpsllq), shift(.vpslldq),
      ]))
  }
}
