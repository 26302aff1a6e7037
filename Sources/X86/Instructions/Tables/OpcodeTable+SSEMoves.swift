/// The moves and conversions of SSE, SSE2 and SSE3 after 0F (SDM Vol. 2, table A-3).
extension OpcodeTable {
  mutating func addMoveSSE() {
    addFloatMoves()
    addIntegerMoves()
    addConversions()
  }

  private mutating func addFloatMoves() {
    for (opcode, isStore) in [(0x10, false), (0x11, true)] {
      func move(_ operation: Operation, _ memory: OperandForm) -> OpcodeEntry {
        isStore ? .op(operation, memory, .vo) : .op(operation, .vo, memory)
      }
      secondary(
        opcode,
        byPrefix(
          none: move(.movups, .wo).of(.sse), p66: move(.movupd, .wo).of(.sse2),
          pF3: move(.movss, .wd).of(.sse), pF2: move(.movsd, .wq).of(.sse2)))
      // 28 and 29 are the aligned ones.
      secondary(
        opcode + 0x18,
        byPrefix(none: move(.movaps, .wo).of(.sse), p66: move(.movapd, .wo).of(.sse2)))
    }
    secondary(
      0x12,
      byPrefix(
        none: byKind(memory: .op(.movlps, .vo, .mq).of(.sse), register: .op(.movhlps, .vo, .uo).of(.sse)),
        p66: .op(.movlpd, .vo, .mq).of(.sse2), pF3: .op(.movsldup, .vo, .wo).of(.sse3),
        pF2: .op(.movddup, .vo, .wq).of(.sse3)))
    secondary(
      0x16,
      byPrefix(
        none: byKind(memory: .op(.movhps, .vo, .mq).of(.sse), register: .op(.movlhps, .vo, .uo).of(.sse)),
        p66: .op(.movhpd, .vo, .mq).of(.sse2), pF3: .op(.movshdup, .vo, .wo).of(.sse3)))
    secondary(
      0x13, byPrefix(none: .op(.movlps, .mq, .vo).of(.sse), p66: .op(.movlpd, .mq, .vo).of(.sse2)))
    secondary(
      0x17, byPrefix(none: .op(.movhps, .mq, .vo).of(.sse), p66: .op(.movhpd, .mq, .vo).of(.sse2)))
    secondary(
      0x2B,
      byPrefix(
        none: .op(.movntps, .mo, .vo).of(.sse), p66: .op(.movntpd, .mo, .vo).of(.sse2),
        pF3: .op(.movntss, .md, .vo).of(.sse4a), pF2: .op(.movntsd, .mq, .vo).of(.sse4a)))
    secondary(
      0x50, byPrefix(none: .op(.movmskps, .gd, .uo).of(.sse), p66: .op(.movmskpd, .gd, .uo).of(.sse2)))
  }

  private mutating func addIntegerMoves() {
    secondary(
      0x6E,
      byPrefix(
        none: byGeneralWide(.op(.movd, .pq, .ey).of(.mmx), .op(.movq, .pq, .ey).of(.mmx)),
        p66: byGeneralWide(.op(.movd, .vo, .ey).of(.sse2), .op(.movq, .vo, .ey).of(.sse2))))
    secondary(
      0x7E,
      byPrefix(
        none: byGeneralWide(.op(.movd, .ey, .pq).of(.mmx), .op(.movq, .ey, .pq).of(.mmx)),
        p66: byGeneralWide(.op(.movd, .ey, .vo).of(.sse2), .op(.movq, .ey, .vo).of(.sse2)),
        pF3: .op(.movq, .vo, .wq).of(.sse2)))
    secondary(
      0x6F,
      byPrefix(
        none: .op(.movq, .pq, .qq).of(.mmx), p66: .op(.movdqa, .vo, .wo).of(.sse2),
        pF3: .op(.movdqu, .vo, .wo).of(.sse2)))
    secondary(
      0x7F,
      byPrefix(
        none: .op(.movq, .qq, .pq).of(.mmx), p66: .op(.movdqa, .wo, .vo).of(.sse2),
        pF3: .op(.movdqu, .wo, .vo).of(.sse2)))
    secondary(
      0xD6,
      byPrefix(
        p66: .op(.movq, .wq, .vo).of(.sse2), pF3: .op(.movq2dq, .vo, .nq).of(.sse2),
        pF2: .op(.movdq2q, .pq, .uo).of(.sse2)))
    secondary(
      0xD7, byPrefix(none: .op(.pmovmskb, .gd, .nq).of(.sse), p66: .op(.pmovmskb, .gd, .uo).of(.sse2)))
    secondary(
      0xE7, byPrefix(none: .op(.movntq, .mq, .pq).of(.sse), p66: .op(.movntdq, .mo, .vo).of(.sse2)))
    secondary(0xF0, byPrefix(pF2: .op(.lddqu, .vo, .mo).of(.sse3)))
    secondary(
      0xF7,
      byPrefix(none: .op(.maskmovq, .pq, .nq).of(.sse), p66: .op(.maskmovdqu, .vo, .uo).of(.sse2)))
    secondary(
      0xC4,
      byPrefix(
        none: .op(.pinsrw, .pq, .edMw, .ib).of(.sse), p66: .op(.pinsrw, .vo, .edMw, .ib).of(.sse2)))
    secondary(
      0xC5,
      byPrefix(
        none: .op(.pextrw, .gd, .nq, .ib).of(.sse), p66: .op(.pextrw, .gd, .uo, .ib).of(.sse2)))
  }

  private mutating func addConversions() {
    secondary(
      0x2A,
      byPrefix(
        none: .op(.cvtpi2ps, .vo, .qq).of(.sse), p66: .op(.cvtpi2pd, .vo, .qq).of(.sse2),
        pF3: .op(.cvtsi2ss, .vo, .ey).of(.sse), pF2: .op(.cvtsi2sd, .vo, .ey).of(.sse2)))
    secondary(
      0x2C,
      byPrefix(
        none: .op(.cvttps2pi, .pq, .wq).of(.sse), p66: .op(.cvttpd2pi, .pq, .wo).of(.sse2),
        pF3: .op(.cvttss2si, .gy, .wd).of(.sse), pF2: .op(.cvttsd2si, .gy, .wq).of(.sse2)))
    secondary(
      0x2D,
      byPrefix(
        none: .op(.cvtps2pi, .pq, .wq).of(.sse), p66: .op(.cvtpd2pi, .pq, .wo).of(.sse2),
        pF3: .op(.cvtss2si, .gy, .wd).of(.sse), pF2: .op(.cvtsd2si, .gy, .wq).of(.sse2)))
    secondary(
      0x5A,
      byPrefix(
        none: .op(.cvtps2pd, .vo, .wq).of(.sse2), p66: .op(.cvtpd2ps, .vo, .wo).of(.sse2),
        pF3: .op(.cvtss2sd, .vo, .wd).of(.sse2), pF2: .op(.cvtsd2ss, .vo, .wq).of(.sse2)))
    secondary(
      0x5B,
      byPrefix(
        none: .op(.cvtdq2ps, .vo, .wo).of(.sse2), p66: .op(.cvtps2dq, .vo, .wo).of(.sse2),
        pF3: .op(.cvttps2dq, .vo, .wo).of(.sse2)))
    secondary(
      0xE6,
      byPrefix(
        p66: .op(.cvttpd2dq, .vo, .wo).of(.sse2), pF3: .op(.cvtdq2pd, .vo, .wq).of(.sse2),
        pF2: .op(.cvtpd2dq, .vo, .wo).of(.sse2)))
  }
}
