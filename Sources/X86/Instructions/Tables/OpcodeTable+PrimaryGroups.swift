/// The one-byte opcodes whose instruction ModRM.reg chooses (SDM Vol. 2, table A-6).
extension OpcodeTable {
  mutating func addPrimaryGroups() {
    addGroup1()
    addGroup2()
    addGroup3()
    addGroups4And5()
    // Group 1A.
    primary(0x8F, byExtension([.op(.pop, .ev).default64]))
    // Group 11. XABORT and XBEGIN have F8 as their ModRM byte.
    let xabort = byRegister([.op(.xabort, .ib).of(.rtm)])
    primary(
      0xC6,
      byExtension([
        .op(.mov, .eb, .ib), .undefined, .undefined, .undefined, .undefined, .undefined,
        .undefined, byKind(register: xabort),
      ]))
    let xbegin = byRegister([.op(.xbegin, .jz).of(.rtm)])
    primary(
      0xC7,
      byExtension([
        .op(.mov, .ev, .iz), .undefined, .undefined, .undefined, .undefined, .undefined,
        .undefined, byKind(register: xbegin),
      ]))
  }

  /// Arithmetic with an immediate.
  private mutating func addGroup1() {
    let operations: [Operation] = [.add, .or, .adc, .sbb, .and, .sub, .xor, .cmp]
    let forms: [(opcode: Int, destination: OperandForm, immediate: OperandForm)] = [
      (0x80, .eb, .ib), (0x81, .ev, .iz), (0x82, .eb, .ib), (0x83, .ev, .ibs),
    ]
    for (opcode, destination, immediate) in forms {
      let group = byExtension(
        operations.map { operation in
          let entry = OpcodeEntry.op(operation, destination, immediate)
          return operation == .cmp ? entry : entry.lockable
        })
      primary(opcode, opcode == 0x82 ? group.not64 : group)
    }
  }

  /// Shifts and rotates. /6 is SHL again.
  private mutating func addGroup2() {
    let operations: [Operation] = [.rol, .ror, .rcl, .rcr, .shl, .shr, .shl, .sar]
    let counts: [(opcode: Int, count: OperandForm)] = [(0xC0, .ib), (0xD0, .one), (0xD2, .cl)]
    for (opcode, count) in counts {
      primary(opcode, byExtension(operations.map { .op($0, .eb, count) }))
      primary(opcode + 1, byExtension(operations.map { .op($0, .ev, count) }))
    }
  }

  /// One operand. /1 is TEST again.
  private mutating func addGroup3() {
    let forms: [(opcode: Int, operand: OperandForm, immediate: OperandForm)] = [
      (0xF6, .eb, .ib), (0xF7, .ev, .iz),
    ]
    for (opcode, operand, immediate) in forms {
      primary(
        opcode,
        byExtension([
          .op(.test, operand, immediate), .op(.test, operand, immediate),
          .op(.not, operand).lockable, .op(.neg, operand).lockable, .op(.mul, operand),
          .op(.imul, operand), .op(.div, operand), .op(.idiv, operand),
        ]))
    }
  }

  private mutating func addGroups4And5() {
    primary(0xFE, byExtension([.op(.inc, .eb).lockable, .op(.dec, .eb).lockable]))
    primary(
      0xFF,
      byExtension([
        .op(.inc, .ev).lockable, .op(.dec, .ev).lockable, .op(.callNear, .ev).force64,
        .op(.callFar, .mp), .op(.jmpNear, .ev).force64, .op(.jmpFar, .mp),
        .op(.push, .ev).default64,
      ]))
  }
}
