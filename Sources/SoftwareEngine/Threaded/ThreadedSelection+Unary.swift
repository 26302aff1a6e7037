internal import X86

/// The instructions of one operand, shifts, products, bits, exchanges and XMM moves that have handlers of
/// their own.
extension ThreadedSelection {
  static func unary(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    typealias Handlers = HotUnaryHandlers
    let size = instruction.operandSize
    if case .memory = instruction.operands[0] {
      let handler: ThreadedHandler
      switch (instruction.operation, size) {
      case (.inc, 1): handler = Handlers.incrementMemory8
      case (.inc, 4): handler = Handlers.incrementMemory32
      case (.inc, 8): handler = Handlers.incrementMemory64
      case (.dec, 1): handler = Handlers.decrementMemory8
      case (.dec, 4): handler = Handlers.decrementMemory32
      case (.dec, 8): handler = Handlers.decrementMemory64
      default: return nil
      }
      var operation = make(handler, instruction, pageOffset)
      return operation.setAddress(instruction) ? operation : nil
    }
    guard let destination = registerOffset(instruction.operands[0]) else { return nil }
    let handler: ThreadedHandler
    switch (instruction.operation, size) {
    case (.inc, 1): handler = Handlers.increment8
    case (.inc, 4): handler = Handlers.increment32
    case (.inc, 8): handler = Handlers.increment64
    case (.dec, 1): handler = Handlers.decrement8
    case (.dec, 4): handler = Handlers.decrement32
    case (.dec, 8): handler = Handlers.decrement64
    case (.neg, 4): handler = Handlers.negate32
    case (.neg, 8): handler = Handlers.negate64
    case (.not, 4): handler = Handlers.complement32
    case (.not, 8): handler = Handlers.complement64
    default: return nil
    }
    var operation = make(handler, instruction, pageOffset)
    operation.destination = destination
    return operation
  }

  static func shift(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    typealias Handlers = HotShiftHandlers
    let isWide = instruction.operandSize == 8
    guard instruction.operandSize >= 4, let destination = registerOffset(instruction.operands[0]) else {
      return nil
    }
    let family: Handlers.Family
    switch instruction.operation {
    case .shl: family = Handlers.left
    case .shr: family = Handlers.right
    case .sar: family = Handlers.arithmeticRight
    case .rol: family = Handlers.rotateLeft
    case .ror: family = Handlers.rotateRight
    default: return nil
    }
    if case .general = instruction.operands[1] {
      var operation = make(isWide ? family.count64 : family.count32, instruction, pageOffset)
      operation.destination = destination
      return operation
    }
    guard case .immediate = instruction.operands[1] else { return nil }
    let count = instruction.immediate & (isWide ? 63 : 31)
    guard count > 0 else { return nil }
    var operation = make(isWide ? family.constant64 : family.constant32, instruction, pageOffset)
    (operation.destination, operation.immediate) = (destination, count)
    switch instruction.operation {
    case .shl:
      operation.quietHandler = isWide ? HotQuietHandlers.shiftLeft64 : HotQuietHandlers.shiftLeft32
    case .shr:
      operation.quietHandler = isWide ? HotQuietHandlers.shiftRight64 : HotQuietHandlers.shiftRight32
    case .sar: break
    // A rotate leaves some flags as they are.
    case .rol:
      if count == 1 { operation.handler = isWide ? Handlers.rotateLeftOnce64 : Handlers.rotateLeftOnce32 }
      return operation
    default:
      if count == 1 { operation.handler = isWide ? Handlers.rotateRightOnce64 : Handlers.rotateRightOnce32 }
      return operation
    }
    operation.flags = .replacesThem
    return operation
  }

  static func product(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    typealias Handlers = HotProductHandlers
    guard instruction.operandSize >= 4, let first = registerOffset(instruction.operands[0]) else {
      return nil
    }
    let isWide = instruction.operandSize == 8
    if instruction.operation == .mul {
      var operation = make(isWide ? Handlers.wide64 : Handlers.wide32, instruction, pageOffset)
      operation.source = first
      return operation
    }
    let hasImmediate: Bool
    switch instruction.operands[2] {
    case .none: hasImmediate = false
    case .immediate: hasImmediate = true
    default: return nil
    }
    let handler: ThreadedHandler
    let source = registerOffset(instruction.operands[1])
    if source != nil {
      handler =
        hasImmediate
        ? isWide ? Handlers.immediate64 : Handlers.immediate32
        : isWide ? Handlers.registers64 : Handlers.registers32
    } else {
      guard case .memory = instruction.operands[1] else { return nil }
      handler =
        hasImmediate
        ? isWide ? Handlers.memoryImmediate64 : Handlers.memoryImmediate32
        : isWide ? Handlers.memory64 : Handlers.memory32
    }
    var operation = make(handler, instruction, pageOffset)
    operation.destination = first
    if hasImmediate { operation.immediate = instruction.immediate }
    let quiet = HotQuietHandlers.shapes(.imul, width: instruction.operandSize)
    if let source {
      operation.source = source
      operation.flags = .replacesThem
      operation.quietHandler =
        !hasImmediate
        ? quiet?.registerRegister
        : isWide ? HotQuietHandlers.timesImmediate64 : HotQuietHandlers.timesImmediate32
      return operation
    }
    return operation.setAddress(instruction) ? operation : nil
  }

  static func bit(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    typealias Handlers = HotBitHandlers
    guard instruction.operandSize >= 4, let destination = registerOffset(instruction.operands[0]) else {
      return nil
    }
    let isWide = instruction.operandSize == 8
    let family: Handlers.Family
    switch instruction.operation {
    case .bt: family = Handlers.test
    case .bts: family = Handlers.set
    case .btr: family = Handlers.reset
    default: family = Handlers.complement
    }
    if let source = registerOffset(instruction.operands[1]) {
      var operation = make(isWide ? family.register64 : family.register32, instruction, pageOffset)
      (operation.destination, operation.source) = (destination, source)
      return operation
    }
    guard case .immediate = instruction.operands[1] else { return nil }
    var operation = make(isWide ? family.immediate64 : family.immediate32, instruction, pageOffset)
    (operation.destination, operation.immediate) = (destination, instruction.immediate)
    return operation
  }

  static func exchange(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    typealias Handlers = HotExchangeHandlers
    guard case .memory = instruction.operands[0], let source = registerOffset(instruction.operands[1]) else {
      return nil
    }
    let handler: ThreadedHandler
    switch (instruction.operation, instruction.operandSize) {
    case (.xchg, 1): handler = Handlers.exchange8
    case (.xchg, 4): handler = Handlers.exchange32
    case (.xchg, 8): handler = Handlers.exchange64
    case (.xadd, 4): handler = Handlers.add32
    case (.xadd, 8): handler = Handlers.add64
    case (.cmpxchg, 4): handler = Handlers.compare32
    case (.cmpxchg, 8): handler = Handlers.compare64
    default: return nil
    }
    var operation = make(handler, instruction, pageOffset)
    operation.source = source
    return operation.setAddress(instruction) ? operation : nil
  }

  static func inPlace(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    typealias Handlers = HotExchangeHandlers
    switch instruction.operation {
    case .cwde: return make(Handlers.signExtend16, instruction, pageOffset)
    case .cdqe: return make(Handlers.signExtend32, instruction, pageOffset)
    case .cdq: return make(Handlers.signToDX32, instruction, pageOffset)
    case .cqo: return make(Handlers.signToDX64, instruction, pageOffset)
    default:
      guard instruction.operandSize >= 4, let destination = registerOffset(instruction.operands[0]) else {
        return nil
      }
      var operation = make(
        instruction.operandSize == 8 ? Handlers.swapBytes64 : Handlers.swapBytes32, instruction, pageOffset)
      operation.destination = destination
      return operation
    }
  }

  static func vector(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    typealias Handlers = HotVectorHandlers
    guard instruction.prefixes.isDisjoint(with: [.vex, .evex]) else { return nil }
    var isWhole = false
    var isAligned = false
    switch instruction.operation {
    case .movaps, .movapd, .movdqa, .movntps, .movntpd, .movntdq: (isWhole, isAligned) = (true, true)
    case .movups, .movupd, .movdqu: isWhole = true
    default: break
    }
    switch (instruction.operands[0], instruction.operands[1]) {
    case (.vector(let target, 16), .vector(let source, 16)):
      let handler: ThreadedHandler
      switch instruction.operation {
      case .pxor, .xorps, .xorpd: handler = Handlers.exclusiveOr
      default:
        guard isWhole else { return nil }
        handler = Handlers.copy
      }
      var operation = make(handler, instruction, pageOffset)
      (operation.destination, operation.source) = (Int(target), Int(source))
      return operation
    case (.vector(let target, _), .memory(let width)):
      let handler: ThreadedHandler
      switch (instruction.operation, width) {
      case (.pxor, _), (.xorps, _), (.xorpd, _): return nil
      case (_, 4): handler = Handlers.load32
      case (_, 8): handler = Handlers.load64
      default:
        guard isWhole, width == 16 else { return nil }
        handler = isAligned ? Handlers.loadAligned : Handlers.loadUnaligned
      }
      var operation = make(handler, instruction, pageOffset)
      operation.destination = Int(target)
      return operation.setAddress(instruction) ? operation : nil
    case (.memory(let width), .vector(let source, _)):
      let handler: ThreadedHandler
      switch width {
      case 4: handler = Handlers.store32
      case 8: handler = Handlers.store64
      default:
        guard isWhole, width == 16 else { return nil }
        handler = isAligned ? Handlers.storeAligned : Handlers.storeUnaligned
      }
      var operation = make(handler, instruction, pageOffset)
      operation.source = Int(source)
      return operation.setAddress(instruction) ? operation : nil
    default: return nil
    }
  }
}
