/// VEX map 2: what comes after 0F 38 (SDM Vol. 2, table A-4).
extension OpcodeTable {
  mutating func addVEXMap0F38() {
    addVEXIntegers0F38()
    addVEXFloats0F38()
    addVEXBroadcasts()
    addVEXMasked()
    addVEXGathers()
    addFMA()
    addVEXCryptography()
    addVEXGeneral()
  }

  /// Opcode `opcode` of map 2, which all have mandatory prefix 66 but for the general ones.
  private mutating func vex66(_ opcode: Int, _ entry: OpcodeEntry) {
    vex(2, opcode, byPrefix(p66: entry))
  }

  private mutating func addVEXIntegers0F38() {
    let binary: [(Int, Operation)] = [
      (0x00, .vpshufb), (0x01, .vphaddw), (0x02, .vphaddd), (0x03, .vphaddsw), (0x04, .vpmaddubsw),
      (0x05, .vphsubw), (0x06, .vphsubd), (0x07, .vphsubsw), (0x08, .vpsignb), (0x09, .vpsignw),
      (0x0A, .vpsignd), (0x0B, .vpmulhrsw), (0x28, .vpmuldq), (0x29, .vpcmpeqq),
      (0x2B, .vpackusdw), (0x37, .vpcmpgtq), (0x38, .vpminsb), (0x39, .vpminsd), (0x3A, .vpminuw),
      (0x3B, .vpminud), (0x3C, .vpmaxsb), (0x3D, .vpmaxsd), (0x3E, .vpmaxuw), (0x3F, .vpmaxud),
      (0x40, .vpmulld),
    ]
    for (opcode, operation) in binary { vex66(opcode, integerVEX(operation, .vx, .hx, .wx)) }
    let unary: [(Int, Operation)] = [(0x1C, .vpabsb), (0x1D, .vpabsw), (0x1E, .vpabsd)]
    for (opcode, operation) in unary { vex66(opcode, integerVEX(operation, .vx, .wx)) }
    vex66(0x41, byLength(.op(.vphminposuw, .vo, .wo).of(.avx)))
    let extensions: [(opcode: Int, signed: Operation, zero: Operation, memory: OperandForm)] = [
      (0x20, .vpmovsxbw, .vpmovzxbw, .wHalf), (0x21, .vpmovsxbd, .vpmovzxbd, .wQuarter),
      (0x22, .vpmovsxbq, .vpmovzxbq, .wEighth), (0x23, .vpmovsxwd, .vpmovzxwd, .wHalf),
      (0x24, .vpmovsxwq, .vpmovzxwq, .wQuarter), (0x25, .vpmovsxdq, .vpmovzxdq, .wHalf),
    ]
    for (opcode, signed, zero, memory) in extensions {
      vex66(opcode, integerVEX(signed, .vx, memory))
      vex66(opcode + 0x10, integerVEX(zero, .vx, memory))
    }
    // Shifts by a count for each element.
    func variable(_ double: Operation, _ quad: Operation) -> OpcodeEntry {
      byWide(.op(double, .vx, .hx, .wx).of(.avx2), .op(quad, .vx, .hx, .wx).of(.avx2))
    }
    vex66(0x45, variable(.vpsrlvd, .vpsrlvq))
    vex66(0x46, byWide(.op(.vpsravd, .vx, .hx, .wx).of(.avx2), .undefined))
    vex66(0x47, variable(.vpsllvd, .vpsllvq))
    vex66(0x2A, integerVEX(.vmovntdqa, .vx, .mx))
    vex66(0x36, narrow(byLength(.undefined, .op(.vpermd, .vx, .hx, .wx).of(.avx2))))
  }

  /// Only with VEX.W clear.
  private mutating func narrow(_ entry: OpcodeEntry) -> OpcodeEntry { byWide(entry, .undefined) }

  private mutating func addVEXFloats0F38() {
    vex66(0x0C, narrow(.op(.vpermilps, .vx, .hx, .wx).of(.avx)))
    vex66(0x0D, narrow(.op(.vpermilpd, .vx, .hx, .wx).of(.avx)))
    vex66(0x0E, narrow(.op(.vtestps, .vx, .wx).of(.avx)))
    vex66(0x0F, narrow(.op(.vtestpd, .vx, .wx).of(.avx)))
    vex66(0x13, narrow(.op(.vcvtph2ps, .vx, .wHalf).of(.f16c)))
    vex66(0x16, narrow(byLength(.undefined, .op(.vpermps, .vx, .hx, .wx).of(.avx2))))
    vex66(0x17, .op(.vptest, .vx, .wx).of(.avx))
  }

  /// One element in all places. From a register they came with AVX2.
  private mutating func addVEXBroadcasts() {
    vex66(
      0x18,
      narrow(
        byKind(
          memory: .op(.vbroadcastss, .vx, .md).of(.avx),
          register: .op(.vbroadcastss, .vx, .uo).of(.avx2))))
    let double = byKind(
      memory: .op(.vbroadcastsd, .vx, .mq).of(.avx), register: .op(.vbroadcastsd, .vx, .uo).of(.avx2))
    vex66(0x19, narrow(byLength(.undefined, double)))
    vex66(0x1A, narrow(byLength(.undefined, .op(.vbroadcastf128, .vx, .mo).of(.avx))))
    vex66(0x5A, narrow(byLength(.undefined, .op(.vbroadcasti128, .vx, .mo).of(.avx2))))
    vex66(0x58, narrow(.op(.vpbroadcastd, .vx, .wd).of(.avx2)))
    vex66(0x59, narrow(.op(.vpbroadcastq, .vx, .wq).of(.avx2)))
    vex66(0x78, narrow(.op(.vpbroadcastb, .vx, .wb).of(.avx2)))
    vex66(0x79, narrow(.op(.vpbroadcastw, .vx, .ww).of(.avx2)))
  }

  /// Moves of the elements that a mask in vvvv chooses.
  private mutating func addVEXMasked() {
    vex66(0x2C, narrow(.op(.vmaskmovps, .vx, .hx, .mx).of(.avx)))
    vex66(0x2D, narrow(.op(.vmaskmovpd, .vx, .hx, .mx).of(.avx)))
    vex66(0x2E, narrow(.op(.vmaskmovps, .mx, .hx, .vx).of(.avx)))
    vex66(0x2F, narrow(.op(.vmaskmovpd, .mx, .hx, .vx).of(.avx)))
    vex66(
      0x8C,
      byWide(
        .op(.vpmaskmovd, .vx, .hx, .mx).of(.avx2), .op(.vpmaskmovq, .vx, .hx, .mx).of(.avx2)))
    vex66(
      0x8E,
      byWide(
        .op(.vpmaskmovd, .mx, .hx, .vx).of(.avx2), .op(.vpmaskmovq, .mx, .hx, .vx).of(.avx2)))
  }

  /// With indices wider than the elements, an XMM register holds all of them.
  private mutating func addVEXGathers() {
    func gather(_ operation: Operation, _ vector: OperandForm, _ memory: OperandForm)
      -> OpcodeEntry
    {
      .op(operation, vector, memory, vector == .vo ? .ho : .hx).of(.avx2)
    }
    vex66(0x90, byWide(gather(.vpgatherdd, .vx, .vsibD), gather(.vpgatherdq, .vx, .vsibQ)))
    vex66(0x91, byWide(gather(.vpgatherqd, .vo, .vsibD), gather(.vpgatherqq, .vx, .vsibQ)))
    vex66(0x92, byWide(gather(.vgatherdps, .vx, .vsibD), gather(.vgatherdpd, .vx, .vsibQ)))
    vex66(0x93, byWide(gather(.vgatherqps, .vo, .vsibD), gather(.vgatherqpd, .vx, .vsibQ)))
  }

  private mutating func addVEXCryptography() {
    vex66(0xCF, narrow(.op(.vgf2p8mulb, .vx, .hx, .wx).of(.gfni)))
    vex66(0xDB, byLength(.op(.vaesimc, .vo, .wo).of(.aes)))
    let rounds: [(Int, Operation)] = [
      (0xDC, .vaesenc), (0xDD, .vaesenclast), (0xDE, .vaesdec), (0xDF, .vaesdeclast),
    ]
    for (opcode, operation) in rounds {
      let entry = OpcodeEntry.op(operation, .vx, .hx, .wx)
      vex66(opcode, byLength(entry.of(.aes), entry.of(.vaes)))
    }
  }

  /// The general registers' instructions that VEX gave a third operand: BMI1 and BMI2.
  private mutating func addVEXGeneral() {
    vex(2, 0xF2, byLength(byPrefix(none: .op(.andn, .gy, .by, .ey).of(.bmi1))))
    vex(
      2, 0xF3,
      byLength(
        byPrefix(
          none: byExtension([
            .undefined, .op(.blsr, .by, .ey).of(.bmi1), .op(.blsmsk, .by, .ey).of(.bmi1),
            .op(.blsi, .by, .ey).of(.bmi1),
          ]))))
    vex(
      2, 0xF5,
      byLength(
        byPrefix(
          none: .op(.bzhi, .gy, .ey, .by).of(.bmi2), pF3: .op(.pext, .gy, .by, .ey).of(.bmi2),
          pF2: .op(.pdep, .gy, .by, .ey).of(.bmi2))))
    vex(2, 0xF6, byLength(byPrefix(pF2: .op(.mulx, .gy, .by, .ey).of(.bmi2))))
    vex(
      2, 0xF7,
      byLength(
        byPrefix(
          none: .op(.bextr, .gy, .ey, .by).of(.bmi1), p66: .op(.shlx, .gy, .ey, .by).of(.bmi2),
          pF3: .op(.sarx, .gy, .ey, .by).of(.bmi2), pF2: .op(.shrx, .gy, .ey, .by).of(.bmi2))))
  }
}
