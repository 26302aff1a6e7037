/// The opcodes after 0F that are not vector instructions and no group (SDM Vol. 2, table A-3).
extension OpcodeTable {
  mutating func addSecondary() {
    addSystem()
    addConditional()
    addBits()
    secondary(0xA0, .op(.push, .fs).default64)
    secondary(0xA1, .op(.pop, .fs).default64)
    secondary(0xA8, .op(.push, .gs).default64)
    secondary(0xA9, .op(.pop, .gs).default64)
    secondary(0xB2, .op(.lss, .gv, .mp))
    secondary(0xB4, .op(.lfs, .gv, .mp))
    secondary(0xB5, .op(.lgs, .gv, .mp))
    secondary(0xAF, .op(.imul, .gv, .ev))
    secondary(0xB0, .op(.cmpxchg, .eb, .gb).lockable)
    secondary(0xB1, .op(.cmpxchg, .ev, .gv).lockable)
    secondary(0xB6, .op(.movzx, .gv, .eb))
    secondary(0xB7, .op(.movzx, .gv, .ew))
    secondary(0xBE, .op(.movsx, .gv, .eb))
    secondary(0xBF, .op(.movsx, .gv, .ew))
    secondary(0xC0, .op(.xadd, .eb, .gb).lockable)
    secondary(0xC1, .op(.xadd, .ev, .gv).lockable)
    secondary(0xC3, byPrefix(none: .op(.movnti, .my, .gy).of(.sse2)))
    for number in 0..<8 { secondary(0xC8 + number, .op(.bswap, .zv)) }
    secondary(0xB9, .op(.ud1, .gv, .ev))
    secondary(0xFF, .op(.ud0, .gv, .ev))
  }

  private mutating func addSystem() {
    secondary(0x02, .op(.lar, .gv, .evMw))
    secondary(0x03, .op(.lsl, .gv, .evMw))
    secondary(0x05, .op(.syscall).of(.syscall))
    secondary(0x06, .op(.clts))
    secondary(0x07, .op(.sysret).of(.syscall))
    secondary(0x08, .op(.invd))
    secondary(0x09, byRepeat(none: .op(.wbinvd), pF3: .op(.wbnoinvd).of(.wbnoinvd), pF2: .op(.wbinvd)))
    secondary(0x0B, .op(.ud2))
    secondary(0x20, .op(.mov, .rnAny, .cn).native)
    secondary(0x21, .op(.mov, .rnAny, .dn).native)
    secondary(0x22, .op(.mov, .cn, .rnAny).native)
    secondary(0x23, .op(.mov, .dn, .rnAny).native)
    secondary(0x30, .op(.wrmsr).of(.msr))
    secondary(0x31, .op(.rdtsc).of(.tsc))
    secondary(0x32, .op(.rdmsr).of(.msr))
    secondary(0x33, .op(.rdpmc).of(.rdpmc))
    secondary(0x34, .op(.sysenter).of(.sysenter))
    secondary(0x35, .op(.sysexit).of(.sysenter))
    secondary(0x37, .op(.getsec).of(.smx))
    secondary(0xA2, .op(.cpuid))
    secondary(0xAA, .op(.rsm))
    // SSE4a lies on the same opcodes as VMREAD and VMWRITE.
    secondary(
      0x78,
      byPrefix(
        none: .op(.vmread, .en, .gn).native.of(.vmx),
        p66: byExtension([.op(.extrq, .uo, .ib, .ib2).of(.sse4a)]),
        pF2: .op(.insertq, .vo, .uo, .ib, .ib2).of(.sse4a)))
    secondary(
      0x79,
      byPrefix(
        none: .op(.vmwrite, .gn, .en).native.of(.vmx), p66: .op(.extrq, .vo, .uo).of(.sse4a),
        pF2: .op(.insertq, .vo, .uo).of(.sse4a)))
  }

  private mutating func addConditional() {
    for condition in 0..<16 {
      secondary(0x40 + condition, .op(.cmovcc, .gv, .ev).of(.cmov))
      secondary(0x80 + condition, .op(.jcc, .jz).force64)
      secondary(0x90 + condition, .op(.setcc, .eb))
    }
  }

  private mutating func addBits() {
    secondary(0xA3, .op(.bt, .ev, .gv))
    secondary(0xAB, .op(.bts, .ev, .gv).lockable)
    secondary(0xB3, .op(.btr, .ev, .gv).lockable)
    secondary(0xBB, .op(.btc, .ev, .gv).lockable)
    secondary(
      0xBA,
      byExtension([
        .undefined, .undefined, .undefined, .undefined, .op(.bt, .ev, .ib),
        .op(.bts, .ev, .ib).lockable, .op(.btr, .ev, .ib).lockable, .op(.btc, .ev, .ib).lockable,
      ]))
    secondary(0xA4, .op(.shld, .ev, .gv, .ib))
    secondary(0xA5, .op(.shld, .ev, .gv, .cl))
    secondary(0xAC, .op(.shrd, .ev, .gv, .ib))
    secondary(0xAD, .op(.shrd, .ev, .gv, .cl))
    secondary(0xB8, byRepeat(pF3: .op(.popcnt, .gv, .ev).of(.popcnt)))
    // A processor without BMI1 or LZCNT ignores F3 here: see `Operation.withoutFeature`.
    let bsf = OpcodeEntry.op(.bsf, .gv, .ev)
    let bsr = OpcodeEntry.op(.bsr, .gv, .ev)
    secondary(0xBC, byRepeat(none: bsf, pF3: .op(.tzcnt, .gv, .ev).of(.bmi1), pF2: bsf))
    secondary(0xBD, byRepeat(none: bsr, pF3: .op(.lzcnt, .gv, .ev).of(.lzcnt), pF2: bsr))
  }
}
