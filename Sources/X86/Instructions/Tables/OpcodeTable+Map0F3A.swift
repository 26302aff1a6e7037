/// The opcodes after 0F 3A without VEX: all end with an immediate byte (SDM Vol. 2, table A-5).
extension OpcodeTable {
  mutating func addMap0F3A() {
    let sse41: [(opcode: Int, operation: Operation, memory: OperandForm)] = [
      (0x08, .roundps, .wo), (0x09, .roundpd, .wo), (0x0A, .roundss, .wd), (0x0B, .roundsd, .wq),
      (0x0C, .blendps, .wo), (0x0D, .blendpd, .wo), (0x0E, .pblendw, .wo), (0x21, .insertps, .wd),
      (0x40, .dpps, .wo), (0x41, .dppd, .wo), (0x42, .mpsadbw, .wo),
    ]
    for (opcode, operation, memory) in sse41 {
      map0F3A(opcode, byPrefix(p66: .op(operation, .vo, memory, .ib).of(.sse41)))
    }
    map0F3A(
      0x0F,
      byPrefix(
        none: .op(.palignr, .pq, .qq, .ib).of(.ssse3), p66: .op(.palignr, .vo, .wo, .ib).of(.ssse3)))
    // One element out of a vector or into it.
    map0F3A(0x14, byPrefix(p66: .op(.pextrb, .edMb, .vo, .ib).of(.sse41)))
    map0F3A(0x15, byPrefix(p66: .op(.pextrw, .edMw, .vo, .ib).of(.sse41)))
    map0F3A(
      0x16,
      byPrefix(
        p66: byGeneralWide(
          .op(.pextrd, .ey, .vo, .ib).of(.sse41), .op(.pextrq, .ey, .vo, .ib).of(.sse41))))
    map0F3A(0x17, byPrefix(p66: .op(.extractps, .ed, .vo, .ib).of(.sse41)))
    map0F3A(0x20, byPrefix(p66: .op(.pinsrb, .vo, .edMb, .ib).of(.sse41)))
    map0F3A(
      0x22,
      byPrefix(
        p66: byGeneralWide(
          .op(.pinsrd, .vo, .ey, .ib).of(.sse41), .op(.pinsrq, .vo, .ey, .ib).of(.sse41))))
    let strings: [(Int, Operation)] = [
      (0x60, .pcmpestrm), (0x61, .pcmpestri), (0x62, .pcmpistrm), (0x63, .pcmpistri),
    ]
    for (opcode, operation) in strings {
      map0F3A(opcode, byPrefix(p66: .op(operation, .vo, .wo, .ib).of(.sse42)))
    }
    map0F3A(0x44, byPrefix(p66: .op(.pclmulqdq, .vo, .wo, .ib).of(.pclmulqdq)))
    map0F3A(0xCC, byPrefix(none: .op(.sha1rnds4, .vo, .wo, .ib).of(.sha)))
    map0F3A(0xCE, byPrefix(p66: .op(.gf2p8affineqb, .vo, .wo, .ib).of(.gfni)))
    map0F3A(0xCF, byPrefix(p66: .op(.gf2p8affineinvqb, .vo, .wo, .ib).of(.gfni)))
    map0F3A(0xDF, byPrefix(p66: .op(.aeskeygenassist, .vo, .wo, .ib).of(.aes)))
  }
}
