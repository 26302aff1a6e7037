/// The one-byte opcodes without ModRM.reg choices (SDM Vol. 2, table A-2).
extension OpcodeTable {
  mutating func addPrimary() {
    addArithmetic()
    addStackAndBranches()
    addMoves()
    addStringsAndPorts()
    addFlagsAndInterrupts()
  }

  /// 00…3F and their relatives: two operands, the accumulator and immediates.
  private mutating func addArithmetic() {
    let operations: [Operation] = [.add, .or, .adc, .sbb, .and, .sub, .xor, .cmp]
    for (row, operation) in operations.enumerated() {
      let toMemory: [OpcodeEntry] = [.op(operation, .eb, .gb), .op(operation, .ev, .gv)]
      for (column, entry) in toMemory.enumerated() {
        primary(row * 8 + column, operation == .cmp ? entry : entry.lockable)
      }
      primary(row * 8 + 2, .op(operation, .gb, .eb))
      primary(row * 8 + 3, .op(operation, .gv, .ev))
      primary(row * 8 + 4, .op(operation, .al, .ib))
      primary(row * 8 + 5, .op(operation, .accumulator, .iz))
    }
    primary(0x27, .op(.daa).not64)
    primary(0x2F, .op(.das).not64)
    primary(0x37, .op(.aaa).not64)
    primary(0x3F, .op(.aas).not64)
    for number in 0..<8 {
      primary(0x40 + number, .op(.inc, .zv).not64)
      primary(0x48 + number, .op(.dec, .zv).not64)
    }
    primary(0x69, .op(.imul, .gv, .ev, .iz))
    primary(0x6B, .op(.imul, .gv, .ev, .ibs))
    primary(0x84, .op(.test, .eb, .gb))
    primary(0x85, .op(.test, .ev, .gv))
    primary(0xA8, .op(.test, .al, .ib))
    primary(0xA9, .op(.test, .accumulator, .iz))
    primary(0xD4, .op(.aam, .ib).not64)
    primary(0xD5, .op(.aad, .ib).not64)
    primary(0xD6, .op(.salc).not64)
  }

  /// What pushes, pops and goes elsewhere. Near branches are 64 bits wide in 64-bit mode.
  private mutating func addStackAndBranches() {
    let segments: [(opcode: Int, form: OperandForm)] = [
      (0x06, .es), (0x0E, .cs), (0x16, .ss), (0x1E, .ds),
    ]
    for (opcode, form) in segments {
      primary(opcode, .op(.push, form).not64)
      if form != .cs { primary(opcode + 1, .op(.pop, form).not64) }
    }
    for number in 0..<8 {
      primary(0x50 + number, .op(.push, .zv).default64)
      primary(0x58 + number, .op(.pop, .zv).default64)
    }
    primary(0x60, .op(.pusha).not64)
    primary(0x61, .op(.popa).not64)
    primary(0x68, .op(.push, .iz).default64)
    primary(0x6A, .op(.push, .ibs).default64)
    primary(0x9C, .op(.pushf).default64)
    primary(0x9D, .op(.popf).default64)
    primary(0xC8, .op(.enter, .iw, .ib2).default64)
    primary(0xC9, .op(.leave).default64)

    for condition in 0..<16 { primary(0x70 + condition, .op(.jcc, .jb).force64) }
    primary(0x9A, .op(.callFar, .ap).not64)
    primary(0xC2, .op(.retNear, .iw).force64)
    primary(0xC3, .op(.retNear).force64)
    primary(0xCA, .op(.retFar, .iw))
    primary(0xCB, .op(.retFar))
    primary(0xE0, .op(.loopne, .jb).force64)
    primary(0xE1, .op(.loope, .jb).force64)
    primary(0xE2, .op(.loop, .jb).force64)
    primary(0xE3, .op(.jcxz, .jb).force64)
    primary(0xE8, .op(.callNear, .jz).force64)
    primary(0xE9, .op(.jmpNear, .jz).force64)
    primary(0xEA, .op(.jmpFar, .ap).not64)
    primary(0xEB, .op(.jmpNear, .jb).force64)
  }

  private mutating func addMoves() {
    primary(
      0x63,
      byMode(
        not64: .op(.arpl, .ew, .gw),
        in64: bySize(.op(.movsxd, .gv, .ew), .op(.movsxd, .gv, .ed), .op(.movsxd, .gv, .ed))))
    primary(0x86, .op(.xchg, .eb, .gb).lockable)
    primary(0x87, .op(.xchg, .ev, .gv).lockable)
    primary(0x88, .op(.mov, .eb, .gb))
    primary(0x89, .op(.mov, .ev, .gv))
    primary(0x8A, .op(.mov, .gb, .eb))
    primary(0x8B, .op(.mov, .gv, .ev))
    primary(0x8C, .op(.mov, .evMw, .sw))
    primary(0x8D, .op(.lea, .gv, .m))
    primary(0x8E, .op(.mov, .swLoad, .evMw))
    // 90 is no exchange, whatever the operand size; with REX.B it is one, and never PAUSE.
    primary(
      0x90,
      byExtendedBase(
        byRepeat(none: .op(.nop), pF3: .op(.pause), pF2: .op(.nop)),
        .op(.xchg, .accumulator, .zv)))
    for number in 1..<8 { primary(0x90 + number, .op(.xchg, .accumulator, .zv)) }
    primary(0x98, bySize(.op(.cbw), .op(.cwde), .op(.cdqe)))
    primary(0x99, bySize(.op(.cwd), .op(.cdq), .op(.cqo)))
    primary(0xA0, .op(.mov, .al, .ob))
    primary(0xA1, .op(.mov, .accumulator, .ov))
    primary(0xA2, .op(.mov, .ob, .al))
    primary(0xA3, .op(.mov, .ov, .accumulator))
    for number in 0..<8 {
      primary(0xB0 + number, .op(.mov, .zb, .ib))
      primary(0xB8 + number, .op(.mov, .zv, .iv))
    }
    primary(0xC4, .op(.les, .gv, .mp).not64)
    primary(0xC5, .op(.lds, .gv, .mp).not64)
    primary(0xD7, .op(.xlat).byte)
    primary(0x62, .op(.bound, .gv, .ma).not64)
  }

  private mutating func addStringsAndPorts() {
    primary(0x6C, .op(.ins, .yb, .dx))
    primary(0x6D, .op(.ins, .yz, .dx).ignoresWide)
    primary(0x6E, .op(.outs, .dx, .xb).byte)
    primary(0x6F, .op(.outs, .dx, .xz).ignoresWide)
    primary(0xA4, .op(.movs, .yb, .xb))
    primary(0xA5, .op(.movs, .yv, .xv))
    primary(0xA6, .op(.cmps, .xb, .yb))
    primary(0xA7, .op(.cmps, .xv, .yv))
    primary(0xAA, .op(.stos, .yb, .al))
    primary(0xAB, .op(.stos, .yv, .accumulator))
    primary(0xAC, .op(.lods, .al, .xb))
    primary(0xAD, .op(.lods, .accumulator, .xv))
    primary(0xAE, .op(.scas, .al, .yb))
    primary(0xAF, .op(.scas, .accumulator, .yv))
    primary(0xE4, .op(.in, .al, .ib))
    primary(0xE5, .op(.in, .accumulatorZ, .ib).ignoresWide)
    primary(0xE6, .op(.out, .ib, .al).byte)
    primary(0xE7, .op(.out, .ib, .accumulatorZ).ignoresWide)
    primary(0xEC, .op(.in, .al, .dx))
    primary(0xED, .op(.in, .accumulatorZ, .dx).ignoresWide)
    primary(0xEE, .op(.out, .dx, .al).byte)
    primary(0xEF, .op(.out, .dx, .accumulatorZ).ignoresWide)
  }

  private mutating func addFlagsAndInterrupts() {
    primary(0x9B, .op(.fwait).of(.x87))
    primary(0x9E, byMode(not64: .op(.sahf), in64: .op(.sahf).of(.lahfInLongMode)))
    primary(0x9F, byMode(not64: .op(.lahf), in64: .op(.lahf).of(.lahfInLongMode)))
    primary(0xCC, .op(.int3))
    primary(0xCD, .op(.int, .ib))
    primary(0xCE, .op(.into).not64)
    primary(0xCF, .op(.iret))
    primary(0xF1, .op(.int1))
    primary(0xF4, .op(.hlt))
    primary(0xF5, .op(.cmc))
    primary(0xF8, .op(.clc))
    primary(0xF9, .op(.stc))
    primary(0xFA, .op(.cli))
    primary(0xFB, .op(.sti))
    primary(0xFC, .op(.cld))
    primary(0xFD, .op(.std))
  }
}
