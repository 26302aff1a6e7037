/// The opcodes after 0F 38 without VEX (SDM Vol. 2, table A-4).
extension OpcodeTable {
  mutating func addMap0F38() {
    let ssse3: [(Int, Operation)] = [
      (0x00, .pshufb), (0x01, .phaddw), (0x02, .phaddd), (0x03, .phaddsw), (0x04, .pmaddubsw),
      (0x05, .phsubw), (0x06, .phsubd), (0x07, .phsubsw), (0x08, .psignb), (0x09, .psignw),
      (0x0A, .psignd), (0x0B, .pmulhrsw), (0x1C, .pabsb), (0x1D, .pabsw), (0x1E, .pabsd),
    ]
    for (opcode, operation) in ssse3 {
      map0F38(
        opcode,
        byPrefix(
          none: .op(operation, .pq, .qq).of(.ssse3), p66: .op(operation, .vo, .wo).of(.ssse3)))
    }
    addSSE4()
    addCryptography()
    addSystem0F38()
    addGeneral0F38()
  }

  private mutating func addSSE4() {
    let wide: [(Int, Operation)] = [
      (0x17, .ptest), (0x28, .pmuldq), (0x29, .pcmpeqq), (0x2B, .packusdw), (0x38, .pminsb),
      (0x39, .pminsd), (0x3A, .pminuw), (0x3B, .pminud), (0x3C, .pmaxsb), (0x3D, .pmaxsd),
      (0x3E, .pmaxuw), (0x3F, .pmaxud), (0x40, .pmulld), (0x41, .phminposuw),
    ]
    for (opcode, operation) in wide {
      map0F38(opcode, byPrefix(p66: .op(operation, .vo, .wo).of(.sse41)))
    }
    let blends: [(Int, Operation)] = [(0x10, .pblendvb), (0x14, .blendvps), (0x15, .blendvpd)]
    for (opcode, operation) in blends {
      map0F38(opcode, byPrefix(p66: .op(operation, .vo, .wo, .xmm0).of(.sse41)))
    }
    let extensions: [(opcode: Int, signed: Operation, zero: Operation, memory: OperandForm)] = [
      (0x20, .pmovsxbw, .pmovzxbw, .wq), (0x21, .pmovsxbd, .pmovzxbd, .wd),
      (0x22, .pmovsxbq, .pmovzxbq, .ww), (0x23, .pmovsxwd, .pmovzxwd, .wq),
      (0x24, .pmovsxwq, .pmovzxwq, .wd), (0x25, .pmovsxdq, .pmovzxdq, .wq),
    ]
    for (opcode, signed, zero, memory) in extensions {
      map0F38(opcode, byPrefix(p66: .op(signed, .vo, memory).of(.sse41)))
      map0F38(opcode + 0x10, byPrefix(p66: .op(zero, .vo, memory).of(.sse41)))
    }
    map0F38(0x2A, byPrefix(p66: .op(.movntdqa, .vo, .mo).of(.sse41)))
    map0F38(0x37, byPrefix(p66: .op(.pcmpgtq, .vo, .wo).of(.sse42)))
  }

  private mutating func addCryptography() {
    let sha: [(Int, Operation)] = [
      (0xC8, .sha1nexte), (0xC9, .sha1msg1), (0xCA, .sha1msg2), (0xCC, .sha256msg1),
      (0xCD, .sha256msg2),
    ]
    for (opcode, operation) in sha {
      map0F38(opcode, byPrefix(none: .op(operation, .vo, .wo).of(.sha)))
    }
    map0F38(0xCB, byPrefix(none: .op(.sha256rnds2, .vo, .wo, .xmm0).of(.sha)))
    map0F38(0xCF, byPrefix(p66: .op(.gf2p8mulb, .vo, .wo).of(.gfni)))
    let aes: [(Int, Operation)] = [
      (0xDB, .aesimc), (0xDC, .aesenc), (0xDD, .aesenclast), (0xDE, .aesdec), (0xDF, .aesdeclast),
    ]
    for (opcode, operation) in aes {
      map0F38(opcode, byPrefix(p66: .op(operation, .vo, .wo).of(.aes)))
    }
  }

  private mutating func addSystem0F38() {
    map0F38(0x80, byPrefix(p66: .op(.invept, .gn, .mo).native.of(.vmx)))
    map0F38(0x81, byPrefix(p66: .op(.invvpid, .gn, .mo).native.of(.vmx)))
    map0F38(0x82, byPrefix(p66: .op(.invpcid, .gn, .mo).native.of(.invpcid)))
    map0F38(0xF5, byPrefix(p66: .op(.wruss, .my, .gy).of(.shadowStack)))
    map0F38(0xF8, byPrefix(p66: .op(.movdir64b, .gn, .m).native.of(.movdir64b)))
    map0F38(0xF9, byPrefix(none: .op(.movdiri, .my, .gy).of(.movdiri)))
  }

  private mutating func addGeneral0F38() {
    // With F2, 66 is the operand size of CRC32's source.
    map0F38(
      0xF0,
      byRepeat(none: .op(.movbe, .gv, .mv).of(.movbe), pF2: .op(.crc32, .gy, .eb).byte.of(.sse42)))
    map0F38(
      0xF1, byRepeat(none: .op(.movbe, .mv, .gv).of(.movbe), pF2: .op(.crc32, .gy, .ev).of(.sse42)))
    map0F38(
      0xF6,
      byPrefix(
        none: .op(.wrss, .my, .gy).of(.shadowStack), p66: .op(.adcx, .gy, .ey).of(.adx),
        pF3: .op(.adox, .gy, .ey).of(.adx)))
  }
}
