/// The integer vectors of MMX, SSE and SSE2 after 0F (SDM Vol. 2, table A-3).
extension OpcodeTable {
  mutating func addIntegerSSE() {
    // From memory, the low halves read 4 bytes of an MMX operand.
    integers(0x60, .punpcklbw, mmxMemory: .qd)
    integers(0x61, .punpcklwd, mmxMemory: .qd)
    integers(0x62, .punpckldq, mmxMemory: .qd)
    let since1997: [(Int, Operation)] = [
      (0x63, .packsswb), (0x64, .pcmpgtb), (0x65, .pcmpgtw), (0x66, .pcmpgtd), (0x67, .packuswb),
      (0x68, .punpckhbw), (0x69, .punpckhwd), (0x6A, .punpckhdq), (0x6B, .packssdw),
      (0x74, .pcmpeqb), (0x75, .pcmpeqw), (0x76, .pcmpeqd), (0xD1, .psrlw), (0xD2, .psrld),
      (0xD3, .psrlq), (0xD5, .pmullw), (0xD8, .psubusb), (0xD9, .psubusw), (0xDB, .pand),
      (0xDC, .paddusb), (0xDD, .paddusw), (0xDF, .pandn), (0xE1, .psraw), (0xE2, .psrad),
      (0xE5, .pmulhw), (0xE8, .psubsb), (0xE9, .psubsw), (0xEB, .por), (0xEC, .paddsb),
      (0xED, .paddsw), (0xEF, .pxor), (0xF1, .psllw), (0xF2, .pslld), (0xF3, .psllq),
      (0xF5, .pmaddwd), (0xF8, .psubb), (0xF9, .psubw), (0xFA, .psubd), (0xFC, .paddb),
      (0xFD, .paddw), (0xFE, .paddd),
    ]
    for (opcode, operation) in since1997 { integers(opcode, operation) }
    let withSSE: [(Int, Operation)] = [
      (0xDA, .pminub), (0xDE, .pmaxub), (0xE0, .pavgb), (0xE3, .pavgw), (0xE4, .pmulhuw),
      (0xEA, .pminsw), (0xEE, .pmaxsw), (0xF6, .psadbw),
    ]
    for (opcode, operation) in withSSE { integers(opcode, operation, mmxFeature: .sse) }
    let withSSE2: [(Int, Operation)] = [(0xD4, .paddq), (0xF4, .pmuludq), (0xFB, .psubq)]
    for (opcode, operation) in withSSE2 { integers(opcode, operation, mmxFeature: .sse2) }
    secondary(0x6C, byPrefix(p66: .op(.punpcklqdq, .vo, .wo).of(.sse2)))
    secondary(0x6D, byPrefix(p66: .op(.punpckhqdq, .vo, .wo).of(.sse2)))
    secondary(0x77, byPrefix(none: .op(.emms).of(.mmx)))
    secondary(
      0x70,
      byPrefix(
        none: .op(.pshufw, .pq, .qq, .ib).of(.sse), p66: .op(.pshufd, .vo, .wo, .ib).of(.sse2),
        pF3: .op(.pshufhw, .vo, .wo, .ib).of(.sse2), pF2: .op(.pshuflw, .vo, .wo, .ib).of(.sse2)))
    addShiftGroups()
  }

  /// The same on MMX and on XMM registers.
  private mutating func integers(
    _ opcode: Int, _ operation: Operation, mmxMemory: OperandForm = .qq,
    mmxFeature: InstructionFeature = .mmx
  ) {
    secondary(
      opcode,
      byPrefix(
        none: .op(operation, .pq, mmxMemory).of(mmxFeature),
        p66: .op(operation, .vo, .wo).of(.sse2)))
  }

  /// Groups 12, 13 and 14: shifts by a constant.
  private mutating func addShiftGroups() {
    func shift(_ operation: Operation) -> OpcodeEntry {
      byPrefix(
        none: .op(operation, .nq, .ib).of(.mmx), p66: .op(operation, .uo, .ib).of(.sse2))
    }
    secondary(
      0x71,
      byExtension([
        .undefined, .undefined, shift(.psrlw), .undefined, shift(.psraw), .undefined,
        shift(.psllw),
      ]))
    secondary(
      0x72,
      byExtension([
        .undefined, .undefined, shift(.psrld), .undefined, shift(.psrad), .undefined,
        shift(.pslld),
      ]))
    secondary(
      0x73,
      byExtension([
        .undefined, .undefined, shift(.psrlq), byPrefix(p66: .op(.psrldq, .uo, .ib).of(.sse2)),
        .undefined, .undefined, shift(.psllq), byPrefix(p66: .op(.pslldq, .uo, .ib).of(.sse2)),
      ]))
  }
}
