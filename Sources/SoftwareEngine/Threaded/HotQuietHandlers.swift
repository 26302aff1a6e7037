internal import X86

// Arithmetic whose flags nobody sees: see `dropUnseenFlags`.

enum HotAddQuietly: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    left &+ right
  }
}

enum HotSubtractQuietly: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    left &- right
  }
}

enum HotAndQuietly: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    left & right
  }
}

enum HotOrQuietly: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    left | right
  }
}

enum HotExclusiveOrQuietly: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    left ^ right
  }
}

enum HotMultiplyQuietly: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    left &* right
  }
}

enum HotShiftLeftQuietly: HotShift {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word {
    value &<< count
  }
}

enum HotShiftRightQuietly: HotShift {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word {
    value &>> count
  }
}

/// The handlers of one operation and width.
enum HotQuietHandlers {
  struct Shapes {
    var registerRegister: ThreadedHandler
    var registerImmediate: ThreadedHandler
    var registerMemory: ThreadedHandler
  }

  /// Those of an operation at a width in bytes, where it has some.
  static func shapes(_ operation: Operation, width: UInt8) -> Shapes? {
    switch (operation, width) {
    case (.add, 4): add32
    case (.add, 8): add64
    case (.sub, 4): sub32
    case (.sub, 8): sub64
    case (.and, 4): and32
    case (.and, 8): and64
    case (.or, 4): or32
    case (.or, 8): or64
    case (.xor, 4): xor32
    case (.xor, 8): xor64
    case (.imul, 4): imul32
    case (.imul, 8): imul64
    default: nil
    }
  }

  private static let add32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAddQuietly.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAddQuietly.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAddQuietly.self, UInt32.self, $0, $1) })

  private static let add64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAddQuietly.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAddQuietly.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAddQuietly.self, UInt64.self, $0, $1) })

  private static let sub32 = Shapes(
    registerRegister: ThreadedHandler {
      unsafe registerRegister(HotSubtractQuietly.self, UInt32.self, $0, $1)
    },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotSubtractQuietly.self, UInt32.self, $0, $1)
    },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotSubtractQuietly.self, UInt32.self, $0, $1) })

  private static let sub64 = Shapes(
    registerRegister: ThreadedHandler {
      unsafe registerRegister(HotSubtractQuietly.self, UInt64.self, $0, $1)
    },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotSubtractQuietly.self, UInt64.self, $0, $1)
    },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotSubtractQuietly.self, UInt64.self, $0, $1) })

  private static let and32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAndQuietly.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAndQuietly.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAndQuietly.self, UInt32.self, $0, $1) })

  private static let and64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotAndQuietly.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotAndQuietly.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotAndQuietly.self, UInt64.self, $0, $1) })

  private static let or32 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotOrQuietly.self, UInt32.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotOrQuietly.self, UInt32.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotOrQuietly.self, UInt32.self, $0, $1) })

  private static let or64 = Shapes(
    registerRegister: ThreadedHandler { unsafe registerRegister(HotOrQuietly.self, UInt64.self, $0, $1) },
    registerImmediate: ThreadedHandler { unsafe registerImmediate(HotOrQuietly.self, UInt64.self, $0, $1) },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotOrQuietly.self, UInt64.self, $0, $1) })

  private static let xor32 = Shapes(
    registerRegister: ThreadedHandler {
      unsafe registerRegister(HotExclusiveOrQuietly.self, UInt32.self, $0, $1)
    },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotExclusiveOrQuietly.self, UInt32.self, $0, $1)
    },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotExclusiveOrQuietly.self, UInt32.self, $0, $1) }
  )

  private static let xor64 = Shapes(
    registerRegister: ThreadedHandler {
      unsafe registerRegister(HotExclusiveOrQuietly.self, UInt64.self, $0, $1)
    },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotExclusiveOrQuietly.self, UInt64.self, $0, $1)
    },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotExclusiveOrQuietly.self, UInt64.self, $0, $1) }
  )

  private static let imul32 = Shapes(
    registerRegister: ThreadedHandler {
      unsafe registerRegister(HotMultiplyQuietly.self, UInt32.self, $0, $1)
    },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotMultiplyQuietly.self, UInt32.self, $0, $1)
    },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotMultiplyQuietly.self, UInt32.self, $0, $1) })

  private static let imul64 = Shapes(
    registerRegister: ThreadedHandler {
      unsafe registerRegister(HotMultiplyQuietly.self, UInt64.self, $0, $1)
    },
    registerImmediate: ThreadedHandler {
      unsafe registerImmediate(HotMultiplyQuietly.self, UInt64.self, $0, $1)
    },
    registerMemory: ThreadedHandler { unsafe registerMemory(HotMultiplyQuietly.self, UInt64.self, $0, $1) })

  static let shiftLeft32 = ThreadedHandler {
    unsafe shiftByConstant(HotShiftLeftQuietly.self, UInt32.self, $0, $1)
  }
  static let shiftLeft64 = ThreadedHandler {
    unsafe shiftByConstant(HotShiftLeftQuietly.self, UInt64.self, $0, $1)
  }
  static let shiftRight32 = ThreadedHandler {
    unsafe shiftByConstant(HotShiftRightQuietly.self, UInt32.self, $0, $1)
  }
  static let shiftRight64 = ThreadedHandler {
    unsafe shiftByConstant(HotShiftRightQuietly.self, UInt64.self, $0, $1)
  }
  static let timesImmediate32 = ThreadedHandler { unsafe registerTimesImmediateQuietly(UInt32.self, $0, $1) }
  static let timesImmediate64 = ThreadedHandler { unsafe registerTimesImmediateQuietly(UInt64.self, $0, $1) }
}

/// IMUL of three operands, the last an immediate.
@inline(__always)
private func registerTimesImmediateQuietly<Word: HotWord>(
  _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let left = core.load(Word.self, at: operation.source)
  core.setRegister(left &* Word(truncatingIfNeeded: operation.immediate), at: operation.destination)
  return next(core, operation)
}
