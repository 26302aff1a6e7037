/// The moves, conversions and mask-register instructions of AVX in VEX map 1 (SDM Vol. 2, table
/// A-3; the forms with masks in the pages of KADDW and its relatives).
extension OpcodeTable {
  mutating func addVEXMoves() {
    addVEXFloatMoves()
    addVEXIntegerMoves()
    addVEXConversions()
    addMaskRegisters()
    vex(0x77, byPrefix(none: byLength(.op(.vzeroupper).of(.avx), .op(.vzeroall).of(.avx))))
    vex(
      0xAE,
      byPrefix(
        none: byLength(
          byExtension([
            .undefined, .undefined, .op(.vldmxcsr, .md).of(.avx), .op(.vstmxcsr, .md).of(.avx),
          ]))))
  }

  /// Opcode `opcode` of map 1.
  private mutating func vex(_ opcode: Int, _ entry: OpcodeEntry) { vex(1, opcode, entry) }

  private mutating func addVEXFloatMoves() {
    // From memory a scalar fills the register; from a register it replaces the low part of vvvv.
    let single = byKind(
      memory: .op(.vmovss, .vo, .md).of(.avx), register: .op(.vmovss, .vo, .ho, .uo).of(.avx))
    let double = byKind(
      memory: .op(.vmovsd, .vo, .mq).of(.avx), register: .op(.vmovsd, .vo, .ho, .uo).of(.avx))
    vex(
      0x10,
      byPrefix(
        none: .op(.vmovups, .vx, .wx).of(.avx), p66: .op(.vmovupd, .vx, .wx).of(.avx), pF3: single,
        pF2: double))
    let singleStore = byKind(
      memory: .op(.vmovss, .md, .vo).of(.avx), register: .op(.vmovss, .uo, .ho, .vo).of(.avx))
    let doubleStore = byKind(
      memory: .op(.vmovsd, .mq, .vo).of(.avx), register: .op(.vmovsd, .uo, .ho, .vo).of(.avx))
    vex(
      0x11,
      byPrefix(
        none: .op(.vmovups, .wx, .vx).of(.avx), p66: .op(.vmovupd, .wx, .vx).of(.avx),
        pF3: singleStore, pF2: doubleStore))
    vex(
      0x28,
      byPrefix(none: .op(.vmovaps, .vx, .wx).of(.avx), p66: .op(.vmovapd, .vx, .wx).of(.avx)))
    vex(
      0x29,
      byPrefix(none: .op(.vmovaps, .wx, .vx).of(.avx), p66: .op(.vmovapd, .wx, .vx).of(.avx)))
    let low = byKind(
      memory: .op(.vmovlps, .vo, .ho, .mq).of(.avx), register: .op(.vmovhlps, .vo, .ho, .uo).of(.avx))
    vex(
      0x12,
      byPrefix(
        none: byLength(low), p66: byLength(.op(.vmovlpd, .vo, .ho, .mq).of(.avx)),
        pF3: .op(.vmovsldup, .vx, .wx).of(.avx),
        pF2: byLength(.op(.vmovddup, .vo, .wq).of(.avx), .op(.vmovddup, .vx, .wx).of(.avx))))
    let high = byKind(
      memory: .op(.vmovhps, .vo, .ho, .mq).of(.avx), register: .op(.vmovlhps, .vo, .ho, .uo).of(.avx))
    vex(
      0x16,
      byPrefix(
        none: byLength(high), p66: byLength(.op(.vmovhpd, .vo, .ho, .mq).of(.avx)),
        pF3: .op(.vmovshdup, .vx, .wx).of(.avx)))
    vex(
      0x13,
      byPrefix(
        none: byLength(.op(.vmovlps, .mq, .vo).of(.avx)),
        p66: byLength(.op(.vmovlpd, .mq, .vo).of(.avx))))
    vex(
      0x17,
      byPrefix(
        none: byLength(.op(.vmovhps, .mq, .vo).of(.avx)),
        p66: byLength(.op(.vmovhpd, .mq, .vo).of(.avx))))
    vex(
      0x2B,
      byPrefix(none: .op(.vmovntps, .mx, .vx).of(.avx), p66: .op(.vmovntpd, .mx, .vx).of(.avx)))
    vex(
      0x50,
      byPrefix(none: .op(.vmovmskps, .gd, .ux).of(.avx), p66: .op(.vmovmskpd, .gd, .ux).of(.avx)))
  }

  private mutating func addVEXIntegerMoves() {
    vex(
      0x6E,
      byPrefix(
        p66: byLength(byGeneralWide(.op(.vmovd, .vo, .ey).of(.avx), .op(.vmovq, .vo, .ey).of(.avx)))))
    vex(
      0x7E,
      byPrefix(
        p66: byLength(byGeneralWide(.op(.vmovd, .ey, .vo).of(.avx), .op(.vmovq, .ey, .vo).of(.avx))),
        pF3: byLength(.op(.vmovq, .vo, .wq).of(.avx))))
    vex(0xD6, byPrefix(p66: byLength(.op(.vmovq, .wq, .vo).of(.avx))))
    vex(
      0x6F, byPrefix(p66: .op(.vmovdqa, .vx, .wx).of(.avx), pF3: .op(.vmovdqu, .vx, .wx).of(.avx)))
    vex(
      0x7F, byPrefix(p66: .op(.vmovdqa, .wx, .vx).of(.avx), pF3: .op(.vmovdqu, .wx, .vx).of(.avx)))
    vex(0xE7, byPrefix(p66: .op(.vmovntdq, .mx, .vx).of(.avx)))
    vex(0xF0, byPrefix(pF2: .op(.vlddqu, .vx, .mx).of(.avx)))
    vex(0xF7, byPrefix(p66: byLength(.op(.vmaskmovdqu, .vo, .uo).of(.avx))))
    vex(
      0xD7,
      byPrefix(
        p66: byLength(.op(.vpmovmskb, .gd, .ux).of(.avx), .op(.vpmovmskb, .gd, .ux).of(.avx2))))
    vex(0xC4, byPrefix(p66: byLength(.op(.vpinsrw, .vo, .ho, .edMw, .ib).of(.avx))))
    vex(0xC5, byPrefix(p66: byLength(.op(.vpextrw, .gd, .uo, .ib).of(.avx))))
  }

  private mutating func addVEXConversions() {
    vex(
      0x2A,
      byPrefix(
        pF3: .op(.vcvtsi2ss, .vo, .ho, .ey).of(.avx), pF2: .op(.vcvtsi2sd, .vo, .ho, .ey).of(.avx)))
    vex(
      0x2C,
      byPrefix(
        pF3: .op(.vcvttss2si, .gy, .wd).of(.avx), pF2: .op(.vcvttsd2si, .gy, .wq).of(.avx)))
    vex(
      0x2D,
      byPrefix(pF3: .op(.vcvtss2si, .gy, .wd).of(.avx), pF2: .op(.vcvtsd2si, .gy, .wq).of(.avx)))
    vex(
      0x5A,
      byPrefix(
        none: .op(.vcvtps2pd, .vx, .wHalf).of(.avx), p66: .op(.vcvtpd2ps, .vo, .wx).of(.avx),
        pF3: .op(.vcvtss2sd, .vo, .ho, .wd).of(.avx), pF2: .op(.vcvtsd2ss, .vo, .ho, .wq).of(.avx)))
    vex(
      0x5B,
      byPrefix(
        none: .op(.vcvtdq2ps, .vx, .wx).of(.avx), p66: .op(.vcvtps2dq, .vx, .wx).of(.avx),
        pF3: .op(.vcvttps2dq, .vx, .wx).of(.avx)))
    vex(
      0xE6,
      byPrefix(
        p66: .op(.vcvttpd2dq, .vo, .wx).of(.avx), pF3: .op(.vcvtdq2pd, .vx, .wHalf).of(.avx),
        pF2: .op(.vcvtpd2dq, .vo, .wx).of(.avx)))
  }

  /// AVX-512's mask registers, which VEX encodes: two sources with VEX.L set, else one.
  private mutating func addMaskRegisters() {
    typealias Four = (b: Operation, w: Operation, d: Operation, q: Operation)
    func widths(_ operations: Four, _ forms: [OperandForm], isLong: Bool) -> OpcodeEntry {
      func entry(_ operation: Operation) -> OpcodeEntry {
        .op(operation, forms[0], forms[1], forms.count > 2 ? forms[2] : .none).of(.avx512)
      }
      func choice(_ narrow: Operation, _ wide: Operation) -> OpcodeEntry {
        let entries = byWide(entry(narrow), entry(wide))
        return isLong ? byLength(.undefined, entries) : byLength(entries)
      }
      return byPrefix(
        none: choice(operations.w, operations.q), p66: choice(operations.b, operations.d))
    }
    let two: [(Int, Four)] = [
      (0x41, (.kandb, .kandw, .kandd, .kandq)), (0x42, (.kandnb, .kandnw, .kandnd, .kandnq)),
      (0x45, (.korb, .korw, .kord, .korq)), (0x46, (.kxnorb, .kxnorw, .kxnord, .kxnorq)),
      (0x47, (.kxorb, .kxorw, .kxord, .kxorq)), (0x4A, (.kaddb, .kaddw, .kaddd, .kaddq)),
    ]
    for (opcode, four) in two { vex(opcode, widths(four, [.kg, .kv, .ku], isLong: true)) }
    let one: [(Int, Four)] = [
      (0x44, (.knotb, .knotw, .knotd, .knotq)),
      (0x98, (.kortestb, .kortestw, .kortestd, .kortestq)),
      (0x99, (.ktestb, .ktestw, .ktestd, .ktestq)),
    ]
    for (opcode, four) in one { vex(opcode, widths(four, [.kg, .ku], isLong: false)) }
    func unpack(_ operation: Operation) -> OpcodeEntry {
      .op(operation, .kg, .kv, .ku).of(.avx512)
    }
    vex(
      0x4B,
      byPrefix(
        none: byLength(.undefined, byWide(unpack(.kunpckwd), unpack(.kunpckdq))),
        p66: byLength(.undefined, byWide(unpack(.kunpckbw), .undefined))))
    addMaskMoves()
  }

  private mutating func addMaskMoves() {
    func move(_ operation: Operation, _ destination: OperandForm, _ source: OperandForm)
      -> OpcodeEntry
    {
      .op(operation, destination, source).of(.avx512)
    }
    vex(
      0x90,
      byPrefix(
        none: byLength(byWide(move(.kmovw, .kg, .kw), move(.kmovq, .kg, .kq))),
        p66: byLength(byWide(move(.kmovb, .kg, .kb), move(.kmovd, .kg, .kd)))))
    vex(
      0x91,
      byPrefix(
        none: byLength(byWide(move(.kmovw, .mw, .kg), move(.kmovq, .mq, .kg))),
        p66: byLength(byWide(move(.kmovb, .mb, .kg), move(.kmovd, .md, .kg)))))
    vex(
      0x92,
      byPrefix(
        none: byLength(byWide(move(.kmovw, .kg, .rd), .undefined)),
        p66: byLength(byWide(move(.kmovb, .kg, .rd), .undefined)),
        pF2: byLength(byGeneralWide(move(.kmovd, .kg, .ry), move(.kmovq, .kg, .ry)))))
    vex(
      0x93,
      byPrefix(
        none: byLength(byWide(move(.kmovw, .gd, .ku), .undefined)),
        p66: byLength(byWide(move(.kmovb, .gd, .ku), .undefined)),
        pF2: byLength(byGeneralWide(move(.kmovd, .gy, .ku), move(.kmovq, .gy, .ku)))))
  }
}
