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
    case (.add, 1): unsafe add8
    case (.add, 4): unsafe add32
    case (.add, 8): unsafe add64
    case (.or, 1): unsafe or8
    case (.or, 4): unsafe or32
    case (.or, 8): unsafe or64
    case (.adc, 1): unsafe adc8
    case (.adc, 4): unsafe adc32
    case (.adc, 8): unsafe adc64
    case (.sbb, 1): unsafe sbb8
    case (.sbb, 4): unsafe sbb32
    case (.sbb, 8): unsafe sbb64
    case (.and, 1): unsafe and8
    case (.and, 4): unsafe and32
    case (.and, 8): unsafe and64
    case (.sub, 1): unsafe sub8
    case (.sub, 4): unsafe sub32
    case (.sub, 8): unsafe sub64
    case (.xor, 1): unsafe xor8
    case (.xor, 4): unsafe xor32
    case (.xor, 8): unsafe xor64
    case (.cmp, 1): unsafe cmp8
    case (.cmp, 4): unsafe cmp32
    case (.cmp, 8): unsafe cmp64
    case (.test, 1): unsafe test8
    case (.test, 4): unsafe test32
    case (.test, 8): unsafe test64
    default: nil
    }
  }

  private static let add8 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotAdd.self, UInt8.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotAdd.self, UInt8.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotAdd.self, UInt8.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotAdd.self, UInt8.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotAdd.self, UInt8.self, $0, $1) })
  private static let add32 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotAdd.self, UInt32.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotAdd.self, UInt32.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotAdd.self, UInt32.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotAdd.self, UInt32.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotAdd.self, UInt32.self, $0, $1) })
  private static let add64 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotAdd.self, UInt64.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotAdd.self, UInt64.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotAdd.self, UInt64.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotAdd.self, UInt64.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotAdd.self, UInt64.self, $0, $1) })

  private static let or8 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotOr.self, UInt8.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotOr.self, UInt8.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotOr.self, UInt8.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotOr.self, UInt8.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotOr.self, UInt8.self, $0, $1) })
  private static let or32 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotOr.self, UInt32.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotOr.self, UInt32.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotOr.self, UInt32.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotOr.self, UInt32.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotOr.self, UInt32.self, $0, $1) })
  private static let or64 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotOr.self, UInt64.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotOr.self, UInt64.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotOr.self, UInt64.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotOr.self, UInt64.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotOr.self, UInt64.self, $0, $1) })

  private static let adc8 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotAddWithCarry.self, UInt8.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotAddWithCarry.self, UInt8.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotAddWithCarry.self, UInt8.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotAddWithCarry.self, UInt8.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotAddWithCarry.self, UInt8.self, $0, $1) })
  private static let adc32 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotAddWithCarry.self, UInt32.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotAddWithCarry.self, UInt32.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotAddWithCarry.self, UInt32.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotAddWithCarry.self, UInt32.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotAddWithCarry.self, UInt32.self, $0, $1) })
  private static let adc64 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotAddWithCarry.self, UInt64.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotAddWithCarry.self, UInt64.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotAddWithCarry.self, UInt64.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotAddWithCarry.self, UInt64.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotAddWithCarry.self, UInt64.self, $0, $1) })

  private static let sbb8 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotSubtractWithBorrow.self, UInt8.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotSubtractWithBorrow.self, UInt8.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotSubtractWithBorrow.self, UInt8.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotSubtractWithBorrow.self, UInt8.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotSubtractWithBorrow.self, UInt8.self, $0, $1) })
  private static let sbb32 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotSubtractWithBorrow.self, UInt32.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotSubtractWithBorrow.self, UInt32.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotSubtractWithBorrow.self, UInt32.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotSubtractWithBorrow.self, UInt32.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotSubtractWithBorrow.self, UInt32.self, $0, $1) })
  private static let sbb64 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotSubtractWithBorrow.self, UInt64.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotSubtractWithBorrow.self, UInt64.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotSubtractWithBorrow.self, UInt64.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotSubtractWithBorrow.self, UInt64.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotSubtractWithBorrow.self, UInt64.self, $0, $1) })

  private static let and8 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotAnd.self, UInt8.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotAnd.self, UInt8.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotAnd.self, UInt8.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotAnd.self, UInt8.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotAnd.self, UInt8.self, $0, $1) })
  private static let and32 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotAnd.self, UInt32.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotAnd.self, UInt32.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotAnd.self, UInt32.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotAnd.self, UInt32.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotAnd.self, UInt32.self, $0, $1) })
  private static let and64 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotAnd.self, UInt64.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotAnd.self, UInt64.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotAnd.self, UInt64.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotAnd.self, UInt64.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotAnd.self, UInt64.self, $0, $1) })

  private static let sub8 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotSubtract.self, UInt8.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotSubtract.self, UInt8.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotSubtract.self, UInt8.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotSubtract.self, UInt8.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotSubtract.self, UInt8.self, $0, $1) })
  private static let sub32 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotSubtract.self, UInt32.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotSubtract.self, UInt32.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotSubtract.self, UInt32.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotSubtract.self, UInt32.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotSubtract.self, UInt32.self, $0, $1) })
  private static let sub64 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotSubtract.self, UInt64.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotSubtract.self, UInt64.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotSubtract.self, UInt64.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotSubtract.self, UInt64.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotSubtract.self, UInt64.self, $0, $1) })

  private static let xor8 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotExclusiveOr.self, UInt8.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotExclusiveOr.self, UInt8.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotExclusiveOr.self, UInt8.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotExclusiveOr.self, UInt8.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotExclusiveOr.self, UInt8.self, $0, $1) })
  private static let xor32 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotExclusiveOr.self, UInt32.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotExclusiveOr.self, UInt32.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotExclusiveOr.self, UInt32.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotExclusiveOr.self, UInt32.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotExclusiveOr.self, UInt32.self, $0, $1) })
  private static let xor64 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotExclusiveOr.self, UInt64.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotExclusiveOr.self, UInt64.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotExclusiveOr.self, UInt64.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotExclusiveOr.self, UInt64.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotExclusiveOr.self, UInt64.self, $0, $1) })

  private static let cmp8 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotCompare.self, UInt8.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotCompare.self, UInt8.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotCompare.self, UInt8.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotCompare.self, UInt8.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotCompare.self, UInt8.self, $0, $1) })
  private static let cmp32 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotCompare.self, UInt32.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotCompare.self, UInt32.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotCompare.self, UInt32.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotCompare.self, UInt32.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotCompare.self, UInt32.self, $0, $1) })
  private static let cmp64 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotCompare.self, UInt64.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotCompare.self, UInt64.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotCompare.self, UInt64.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotCompare.self, UInt64.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotCompare.self, UInt64.self, $0, $1) })

  private static let test8 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotTest.self, UInt8.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotTest.self, UInt8.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotTest.self, UInt8.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotTest.self, UInt8.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotTest.self, UInt8.self, $0, $1) })
  private static let test32 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotTest.self, UInt32.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotTest.self, UInt32.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotTest.self, UInt32.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotTest.self, UInt32.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotTest.self, UInt32.self, $0, $1) })
  private static let test64 = unsafe Shapes(
    registerRegister: { unsafe registerRegister(HotTest.self, UInt64.self, $0, $1) },
    registerImmediate: { unsafe registerImmediate(HotTest.self, UInt64.self, $0, $1) },
    registerMemory: { unsafe registerMemory(HotTest.self, UInt64.self, $0, $1) },
    memoryRegister: { unsafe memoryRegister(HotTest.self, UInt64.self, $0, $1) },
    memoryImmediate: { unsafe memoryImmediate(HotTest.self, UInt64.self, $0, $1) })
}
