/// The floating-point arithmetic of SSE, SSE2 and SSE3 after 0F (SDM Vol. 2, table A-3).
extension OpcodeTable {
  mutating func addArithmeticSSE() {
    floats(0x51, .sqrtps, .sqrtpd, .sqrtss, .sqrtsd)
    floats(0x58, .addps, .addpd, .addss, .addsd)
    floats(0x59, .mulps, .mulpd, .mulss, .mulsd)
    floats(0x5C, .subps, .subpd, .subss, .subsd)
    floats(0x5D, .minps, .minpd, .minss, .minsd)
    floats(0x5E, .divps, .divpd, .divss, .divsd)
    floats(0x5F, .maxps, .maxpd, .maxss, .maxsd)
    singles(0x52, .rsqrtps, .rsqrtss)
    singles(0x53, .rcpps, .rcpss)
    packed(0x14, .unpcklps, .unpcklpd)
    packed(0x15, .unpckhps, .unpckhpd)
    packed(0x54, .andps, .andpd)
    packed(0x55, .andnps, .andnpd)
    packed(0x56, .orps, .orpd)
    packed(0x57, .xorps, .xorpd)
    secondary(
      0x2E, byPrefix(none: .op(.ucomiss, .vo, .wd).of(.sse), p66: .op(.ucomisd, .vo, .wq).of(.sse2)))
    secondary(
      0x2F, byPrefix(none: .op(.comiss, .vo, .wd).of(.sse), p66: .op(.comisd, .vo, .wq).of(.sse2)))
    secondary(
      0xC2,
      byPrefix(
        none: .op(.cmpps, .vo, .wo, .ib).of(.sse), p66: .op(.cmppd, .vo, .wo, .ib).of(.sse2),
        pF3: .op(.cmpss, .vo, .wd, .ib).of(.sse), pF2: .op(.cmpsd, .vo, .wq, .ib).of(.sse2)))
    secondary(
      0xC6,
      byPrefix(
        none: .op(.shufps, .vo, .wo, .ib).of(.sse), p66: .op(.shufpd, .vo, .wo, .ib).of(.sse2)))
    horizontal(0x7C, .haddps, .haddpd)
    horizontal(0x7D, .hsubps, .hsubpd)
    horizontal(0xD0, .addsubps, .addsubpd)
  }

  /// Packed and scalar, single and double.
  private mutating func floats(
    _ opcode: Int, _ ps: Operation, _ pd: Operation, _ ss: Operation, _ sd: Operation
  ) {
    secondary(
      opcode,
      byPrefix(
        none: .op(ps, .vo, .wo).of(.sse), p66: .op(pd, .vo, .wo).of(.sse2),
        pF3: .op(ss, .vo, .wd).of(.sse), pF2: .op(sd, .vo, .wq).of(.sse2)))
  }

  /// Single only, packed and scalar.
  private mutating func singles(_ opcode: Int, _ ps: Operation, _ ss: Operation) {
    secondary(opcode, byPrefix(none: .op(ps, .vo, .wo).of(.sse), pF3: .op(ss, .vo, .wd).of(.sse)))
  }

  /// Packed only, single and double.
  private mutating func packed(_ opcode: Int, _ ps: Operation, _ pd: Operation) {
    secondary(opcode, byPrefix(none: .op(ps, .vo, .wo).of(.sse), p66: .op(pd, .vo, .wo).of(.sse2)))
  }

  /// SSE3's, where F2 is for single.
  private mutating func horizontal(_ opcode: Int, _ ps: Operation, _ pd: Operation) {
    secondary(opcode, byPrefix(p66: .op(pd, .vo, .wo).of(.sse3), pF2: .op(ps, .vo, .wo).of(.sse3)))
  }
}
