internal import X86

/// The handlers of two-operand arithmetic, one for each operation, width and shape of operands. They
/// are written out because a C function cannot be made from generic code.
enum HotArithmeticHandlers {
  /// The handlers of one operation and width.
  struct Shapes {
    var registerRegister: ThreadedHandler
    var registerImmediate: ThreadedHandler
    var registerMemory: ThreadedHandler
    var memoryRegister: ThreadedHandler
    var memoryImmediate: ThreadedHandler
  }

  /// The handlers of an operation at a width in bytes, where it has some.
  static func shapes(_ operation: Operation, width: UInt8) -> Shapes? {
    switch (operation, width) {
    case (.add, 1): add8
    case (.add, 4): add32
    case (.add, 8): add64
    case (.or, 1): or8
    case (.or, 4): or32
    case (.or, 8): or64
    case (.adc, 1): adc8
    case (.adc, 4): adc32
    case (.adc, 8): adc64
    case (.sbb, 1): sbb8
    case (.sbb, 4): sbb32
    case (.sbb, 8): sbb64
    case (.and, 1): and8
    case (.and, 4): and32
    case (.and, 8): and64
    case (.sub, 1): sub8
    case (.sub, 4): sub32
    case (.sub, 8): sub64
    case (.xor, 1): xor8
    case (.xor, 4): xor32
    case (.xor, 8): xor64
    case (.cmp, 1): cmp8
    case (.cmp, 4): cmp32
    case (.cmp, 8): cmp64
    case (.test, 1): test8
    case (.test, 4): test32
    case (.test, 8): test64
    default: nil
    }
  }

  private static let add8 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAdd.self, UInt8.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAdd.self, UInt8.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAdd.self, UInt8.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotAdd.self, UInt8.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotAdd.self, UInt8.self, $0, $1) })
  private static let add32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAdd.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAdd.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAdd.self, UInt32.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotAdd.self, UInt32.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotAdd.self, UInt32.self, $0, $1) })
  private static let add64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAdd.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAdd.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAdd.self, UInt64.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotAdd.self, UInt64.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotAdd.self, UInt64.self, $0, $1) })

  private static let or8 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotOr.self, UInt8.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotOr.self, UInt8.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotOr.self, UInt8.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotOr.self, UInt8.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotOr.self, UInt8.self, $0, $1) })
  private static let or32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotOr.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotOr.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotOr.self, UInt32.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotOr.self, UInt32.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotOr.self, UInt32.self, $0, $1) })
  private static let or64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotOr.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotOr.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotOr.self, UInt64.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotOr.self, UInt64.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotOr.self, UInt64.self, $0, $1) })

  private static let adc8 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAddWithCarry.self, UInt8.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAddWithCarry.self, UInt8.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAddWithCarry.self, UInt8.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotAddWithCarry.self, UInt8.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotAddWithCarry.self, UInt8.self, $0, $1) })
  private static let adc32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAddWithCarry.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotAddWithCarry.self, UInt32.self, $0, $1)
    },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAddWithCarry.self, UInt32.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotAddWithCarry.self, UInt32.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotAddWithCarry.self, UInt32.self, $0, $1) })
  private static let adc64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAddWithCarry.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotAddWithCarry.self, UInt64.self, $0, $1)
    },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAddWithCarry.self, UInt64.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotAddWithCarry.self, UInt64.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotAddWithCarry.self, UInt64.self, $0, $1) })

  private static let sbb8 = Shapes(
    registerRegister: ThreadedHandler {
      unsafe registerRegister(HotSubtractWithBorrow.self, UInt8.self, $0, $1)
    },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotSubtractWithBorrow.self, UInt8.self, $0, $1)
    },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotSubtractWithBorrow.self, UInt8.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotSubtractWithBorrow.self, UInt8.self, $0, $1) },
    memoryImmediate: ThreadedHandler {
      unsafe memoryImmediate(HotSubtractWithBorrow.self, UInt8.self, $0, $1)
    })
  private static let sbb32 = Shapes(
    registerRegister: ThreadedHandler {
      unsafe registerRegister(HotSubtractWithBorrow.self, UInt32.self, $0, $1)
    },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotSubtractWithBorrow.self, UInt32.self, $0, $1)
    },
    registerMemory: ThreadedHandler {
      unsafe registerMemory(HotSubtractWithBorrow.self, UInt32.self, $0, $1)
    },
    memoryRegister: ThreadedHandler {
      unsafe memoryRegister(HotSubtractWithBorrow.self, UInt32.self, $0, $1)
    },
    memoryImmediate: ThreadedHandler {
      unsafe memoryImmediate(HotSubtractWithBorrow.self, UInt32.self, $0, $1)
    })
  private static let sbb64 = Shapes(
    registerRegister: ThreadedHandler {
      unsafe registerRegister(HotSubtractWithBorrow.self, UInt64.self, $0, $1)
    },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotSubtractWithBorrow.self, UInt64.self, $0, $1)
    },
    registerMemory: ThreadedHandler {
      unsafe registerMemory(HotSubtractWithBorrow.self, UInt64.self, $0, $1)
    },
    memoryRegister: ThreadedHandler {
      unsafe memoryRegister(HotSubtractWithBorrow.self, UInt64.self, $0, $1)
    },
    memoryImmediate: ThreadedHandler {
      unsafe memoryImmediate(HotSubtractWithBorrow.self, UInt64.self, $0, $1)
    })

  private static let and8 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAnd.self, UInt8.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAnd.self, UInt8.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAnd.self, UInt8.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotAnd.self, UInt8.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotAnd.self, UInt8.self, $0, $1) })
  private static let and32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAnd.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAnd.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAnd.self, UInt32.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotAnd.self, UInt32.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotAnd.self, UInt32.self, $0, $1) })
  private static let and64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAnd.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAnd.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAnd.self, UInt64.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotAnd.self, UInt64.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotAnd.self, UInt64.self, $0, $1) })

  private static let sub8 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotSubtract.self, UInt8.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotSubtract.self, UInt8.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotSubtract.self, UInt8.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotSubtract.self, UInt8.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotSubtract.self, UInt8.self, $0, $1) })
  private static let sub32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotSubtract.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotSubtract.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotSubtract.self, UInt32.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotSubtract.self, UInt32.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotSubtract.self, UInt32.self, $0, $1) })
  private static let sub64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotSubtract.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotSubtract.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotSubtract.self, UInt64.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotSubtract.self, UInt64.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotSubtract.self, UInt64.self, $0, $1) })

  private static let xor8 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotExclusiveOr.self, UInt8.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotExclusiveOr.self, UInt8.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotExclusiveOr.self, UInt8.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotExclusiveOr.self, UInt8.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotExclusiveOr.self, UInt8.self, $0, $1) })
  private static let xor32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotExclusiveOr.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotExclusiveOr.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotExclusiveOr.self, UInt32.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotExclusiveOr.self, UInt32.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotExclusiveOr.self, UInt32.self, $0, $1) })
  private static let xor64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotExclusiveOr.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotExclusiveOr.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotExclusiveOr.self, UInt64.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotExclusiveOr.self, UInt64.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotExclusiveOr.self, UInt64.self, $0, $1) })

  private static let cmp8 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotCompare.self, UInt8.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotCompare.self, UInt8.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotCompare.self, UInt8.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotCompare.self, UInt8.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotCompare.self, UInt8.self, $0, $1) })
  private static let cmp32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotCompare.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotCompare.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotCompare.self, UInt32.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotCompare.self, UInt32.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotCompare.self, UInt32.self, $0, $1) })
  private static let cmp64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotCompare.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotCompare.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotCompare.self, UInt64.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotCompare.self, UInt64.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotCompare.self, UInt64.self, $0, $1) })

  private static let test8 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotTest.self, UInt8.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotTest.self, UInt8.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotTest.self, UInt8.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotTest.self, UInt8.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotTest.self, UInt8.self, $0, $1) })
  private static let test32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotTest.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotTest.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotTest.self, UInt32.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotTest.self, UInt32.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotTest.self, UInt32.self, $0, $1) })
  private static let test64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotTest.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotTest.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotTest.self, UInt64.self, $0, $1) },
    memoryRegister: ThreadedHandler { unsafe memoryRegister(HotTest.self, UInt64.self, $0, $1) },
    memoryImmediate: ThreadedHandler { unsafe memoryImmediate(HotTest.self, UInt64.self, $0, $1) })
}
