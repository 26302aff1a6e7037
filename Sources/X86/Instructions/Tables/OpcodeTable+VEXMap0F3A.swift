/// VEX map 3: what comes after 0F 3A. All end with an immediate byte (SDM Vol. 2, table A-5).
extension OpcodeTable {
  mutating func addVEXMap0F3A() {
    addVEXPermutations()
    addVEXFloats0F3A()
    addVEXElements()
    let integers: [(Int, Operation)] = [(0x0E, .vpblendw), (0x0F, .vpalignr), (0x42, .vmpsadbw)]
    for (opcode, operation) in integers { vex66(opcode, integerVEX(operation, .vx, .hx, .wx, .ib)) }
    let strings: [(Int, Operation)] = [
      (0x60, .vpcmpestrm), (0x61, .vpcmpestri), (0x62, .vpcmpistrm), (0x63, .vpcmpistri),
    ]
    for (opcode, operation) in strings {
      vex66(opcode, byLength(.op(operation, .vo, .wo, .ib).of(.avx)))
    }
    let multiply = OpcodeEntry.op(.vpclmulqdq, .vx, .hx, .wx, .ib)
    vex66(0x44, byLength(multiply.of(.pclmulqdq), multiply.of(.vpclmulqdq)))
    vex66(0xCE, byWide(.undefined, .op(.vgf2p8affineqb, .vx, .hx, .wx, .ib).of(.gfni)))
    vex66(0xCF, byWide(.undefined, .op(.vgf2p8affineinvqb, .vx, .hx, .wx, .ib).of(.gfni)))
    vex66(0xDF, byLength(.op(.vaeskeygenassist, .vo, .wo, .ib).of(.aes)))
    vex(3, 0xF0, byLength(byPrefix(pF2: .op(.rorx, .gy, .ey, .ib).of(.bmi2))))
    addMaskShifts()
  }

  /// Opcode `opcode` of map 3 with mandatory prefix 66, which all but RORX have.
  private mutating func vex66(_ opcode: Int, _ entry: OpcodeEntry) {
    vex(3, opcode, byPrefix(p66: entry))
  }

  private mutating func addVEXPermutations() {
    vex66(0x00, byWide(.undefined, byLength(.undefined, .op(.vpermq, .vx, .wx, .ib).of(.avx2))))
    vex66(0x01, byWide(.undefined, byLength(.undefined, .op(.vpermpd, .vx, .wx, .ib).of(.avx2))))
    vex66(0x02, byWide(.op(.vpblendd, .vx, .hx, .wx, .ib).of(.avx2), .undefined))
    vex66(0x04, byWide(.op(.vpermilps, .vx, .wx, .ib).of(.avx), .undefined))
    vex66(0x05, byWide(.op(.vpermilpd, .vx, .wx, .ib).of(.avx), .undefined))
    let halves: [(Int, Operation, InstructionFeature)] = [
      (0x06, .vperm2f128, .avx), (0x46, .vperm2i128, .avx2),
    ]
    for (opcode, operation, feature) in halves {
      let entry = OpcodeEntry.op(operation, .vx, .hx, .wx, .ib).of(feature)
      vex66(opcode, byWide(byLength(.undefined, entry), .undefined))
    }
    let insertions: [(Int, Operation, Operation, InstructionFeature)] = [
      (0x18, .vinsertf128, .vextractf128, .avx), (0x38, .vinserti128, .vextracti128, .avx2),
    ]
    for (opcode, insert, extract, feature) in insertions {
      let into = OpcodeEntry.op(insert, .vx, .hx, .wo, .ib).of(feature)
      let from = OpcodeEntry.op(extract, .wo, .vx, .ib).of(feature)
      vex66(opcode, byWide(byLength(.undefined, into), .undefined))
      vex66(opcode + 1, byWide(byLength(.undefined, from), .undefined))
    }
  }

  private mutating func addVEXFloats0F3A() {
    vex66(0x08, .op(.vroundps, .vx, .wx, .ib).of(.avx))
    vex66(0x09, .op(.vroundpd, .vx, .wx, .ib).of(.avx))
    vex66(0x0A, .op(.vroundss, .vo, .ho, .wd, .ib).of(.avx))
    vex66(0x0B, .op(.vroundsd, .vo, .ho, .wq, .ib).of(.avx))
    vex66(0x0C, .op(.vblendps, .vx, .hx, .wx, .ib).of(.avx))
    vex66(0x0D, .op(.vblendpd, .vx, .hx, .wx, .ib).of(.avx))
    vex66(0x1D, byWide(.op(.vcvtps2ph, .wHalf, .vx, .ib).of(.f16c), .undefined))
    vex66(0x40, .op(.vdpps, .vx, .hx, .wx, .ib).of(.avx))
    vex66(0x41, byLength(.op(.vdppd, .vo, .ho, .wo, .ib).of(.avx)))
    vex66(0x4A, byWide(.op(.vblendvps, .vx, .hx, .wx, .lx).of(.avx), .undefined))
    vex66(0x4B, byWide(.op(.vblendvpd, .vx, .hx, .wx, .lx).of(.avx), .undefined))
    vex66(0x4C, byWide(integerVEX(.vpblendvb, .vx, .hx, .wx, .lx), .undefined))
  }

  /// One element out of a vector or into it.
  private mutating func addVEXElements() {
    vex66(0x14, byLength(.op(.vpextrb, .edMb, .vo, .ib).of(.avx)))
    vex66(0x15, byLength(.op(.vpextrw, .edMw, .vo, .ib).of(.avx)))
    vex66(
      0x16,
      byLength(
        byGeneralWide(.op(.vpextrd, .ey, .vo, .ib).of(.avx), .op(.vpextrq, .ey, .vo, .ib).of(.avx))))
    vex66(0x17, byLength(.op(.vextractps, .ed, .vo, .ib).of(.avx)))
    vex66(0x20, byLength(.op(.vpinsrb, .vo, .ho, .edMb, .ib).of(.avx)))
    vex66(0x21, byLength(.op(.vinsertps, .vo, .ho, .wd, .ib).of(.avx)))
    vex66(
      0x22,
      byLength(
        byGeneralWide(
          .op(.vpinsrd, .vo, .ho, .ey, .ib).of(.avx), .op(.vpinsrq, .vo, .ho, .ey, .ib).of(.avx))))
  }

  private mutating func addMaskShifts() {
    let rows: [(opcode: Int, narrow: Operation, wide: Operation)] = [
      (0x30, .kshiftrb, .kshiftrw), (0x31, .kshiftrd, .kshiftrq), (0x32, .kshiftlb, .kshiftlw),
      (0x33, .kshiftld, .kshiftlq),
    ]
    for (opcode, narrow, wide) in rows {
      vex66(
        opcode,
        byLength(
          byWide(.op(narrow, .kg, .ku, .ib).of(.avx512), .op(wide, .kg, .ku, .ib).of(.avx512))))
    }
  }
}
