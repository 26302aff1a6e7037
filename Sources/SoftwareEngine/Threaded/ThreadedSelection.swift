internal import X86

/// Which instructions have a handler of their own in the threaded tier, and which end a block. All of
/// it is about 64-bit mode, but for `endsBlock`.
enum ThreadedSelection {
  /// Whether no instruction after this one belongs to its block: it goes elsewhere, or it may change
  /// what the following ones mean or whether interrupts are taken before them.
  static func endsBlock(_ instruction: Instruction) -> Bool {
    switch instruction.operation {
    // What follows them in memory is executed next, or they leave the block.
    case .jcc, .jcxz, .loop, .loope, .loopne: false
    // No interrupt becomes due by it.
    case .cli: false
    default: instruction.endsBlock
    }
  }

  /// The operation for an instruction that has a handler of its own; nil for all others.
  static func select(_ instruction: Instruction, pageOffset: UInt16) -> PreparedOperation? {
    // A LOCK prefix needs nothing: vCPUs take turns. REP has no meaning here but for strings.
    switch instruction.operation {
    case .add, .or, .adc, .sbb, .and, .sub, .xor, .cmp, .test: return arithmetic(instruction, pageOffset)
    case .mov: return move(instruction, pageOffset)
    case .movzx, .movsx, .movsxd: return extend(instruction, pageOffset)
    case .lea: return address(instruction, pageOffset)
    case .inc, .dec, .neg, .not: return unary(instruction, pageOffset)
    case .shl, .shr, .sar, .rol, .ror: return shift(instruction, pageOffset)
    case .imul, .mul: return product(instruction, pageOffset)
    case .bt, .bts, .btr, .btc: return bit(instruction, pageOffset)
    case .xchg, .xadd, .cmpxchg: return exchange(instruction, pageOffset)
    case .cwde, .cdqe, .cdq, .cqo, .bswap: return inPlace(instruction, pageOffset)
    case .movaps, .movapd, .movdqa, .movntps, .movntpd, .movntdq, .movups, .movupd, .movdqu, .movd, .movq,
      .movss, .movsd, .pxor, .xorps, .xorpd:
      return vector(instruction, pageOffset)
    case .push, .pop, .leave: return stack(instruction, pageOffset)
    case .jcc, .jmpNear, .callNear, .retNear: return branch(instruction, pageOffset)
    case .setcc, .cmovcc: return conditional(instruction, pageOffset)
    case .nop, .endbr64, .endbr32:
      return make(HotMoveHandlers.nothing, instruction, pageOffset)
    default: return nil
    }
  }

  static func make(_ handler: ThreadedHandler, _ instruction: Instruction, _ pageOffset: UInt16)
    -> PreparedOperation
  {
    PreparedOperation(handler, length: instruction.length, pageOffset: pageOffset)
  }

  // MARK: Two operands

  private static func arithmetic(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    let width = instruction.operandSize
    guard let shapes = HotArithmeticHandlers.shapes(instruction.operation, width: width) else { return nil }
    let (left, right) = (instruction.operands[0], instruction.operands[1])
    let quiet = HotQuietHandlers.shapes(instruction.operation, width: width)
    let readsCarry = instruction.operation == .adc || instruction.operation == .sbb
    let flags: FlagUse = readsCarry ? .needsThem : .replacesThem
    if let destination = registerOffset(left) {
      if let source = registerOffset(right) {
        var operation = make(shapes.registerRegister, instruction, pageOffset)
        (operation.flags, operation.quietHandler) = (flags, quiet?.registerRegister)
        (operation.destination, operation.source) = (destination, source)
        return operation
      }
      if case .immediate = right {
        var operation = make(shapes.registerImmediate, instruction, pageOffset)
        (operation.flags, operation.quietHandler) = (flags, quiet?.registerImmediate)
        (operation.destination, operation.immediate) = (destination, instruction.immediate)
        return operation
      }
      guard case .memory = right else { return nil }
      var operation = make(shapes.registerMemory, instruction, pageOffset)
      // It may fault, but what it does to the flags itself can be left out.
      operation.quietHandler = quiet?.registerMemory
      operation.destination = destination
      return operation.setAddress(instruction) ? operation : nil
    }
    guard case .memory = left else { return nil }
    var operation = make(shapes.memoryImmediate, instruction, pageOffset)
    if let source = registerOffset(right) {
      operation = make(shapes.memoryRegister, instruction, pageOffset)
      operation.source = source
    } else if case .immediate = right {
      operation.immediate = instruction.immediate
    } else {
      return nil
    }
    return operation.setAddress(instruction) ? operation : nil
  }

  private static func move(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    typealias Handlers = HotMoveHandlers
    let (left, right) = (instruction.operands[0], instruction.operands[1])
    let size = instruction.operandSize
    /// The handler for the operand size: 1, 2, 4 or 8 bytes.
    func bySize(
      _ one: ThreadedHandler, _ two: ThreadedHandler?, _ four: ThreadedHandler, _ eight: ThreadedHandler
    ) -> ThreadedHandler? {
      size == 8 ? eight : size == 4 ? four : size == 1 ? one : two
    }
    if let destination = registerOffset(left) {
      if let source = registerOffset(right) {
        guard let handler = bySize(Handlers.register8, nil, Handlers.register32, Handlers.register64)
        else { return nil }
        var operation = make(handler, instruction, pageOffset)
        operation.flags = .ignoresThem
        (operation.destination, operation.source) = (destination, source)
        return operation
      }
      if case .immediate = right {
        guard let handler = bySize(Handlers.immediate8, nil, Handlers.immediate32, Handlers.immediate64)
        else { return nil }
        var operation = make(handler, instruction, pageOffset)
        operation.flags = .ignoresThem
        (operation.destination, operation.immediate) = (destination, instruction.immediate)
        return operation
      }
      guard case .memory = right,
        let handler = bySize(Handlers.load8, nil, Handlers.load32, Handlers.load64)
      else { return nil }
      var operation = make(handler, instruction, pageOffset)
      operation.destination = destination
      return operation.setAddress(instruction) ? operation : nil
    }
    guard case .memory = left else { return nil }
    if let source = registerOffset(right) {
      guard
        let handler = bySize(Handlers.store8, Handlers.store16, Handlers.store32, Handlers.store64)
      else { return nil }
      var operation = make(handler, instruction, pageOffset)
      operation.source = source
      return operation.setAddress(instruction) ? operation : nil
    }
    guard case .immediate = right,
      let handler = bySize(
        Handlers.storeImmediate8, Handlers.storeImmediate16, Handlers.storeImmediate32,
        Handlers.storeImmediate64)
    else { return nil }
    var operation = make(handler, instruction, pageOffset)
    operation.immediate = instruction.immediate
    return operation.setAddress(instruction) ? operation : nil
  }

  private static func extend(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    typealias Handlers = HotMoveHandlers
    guard case .general(_, let to) = instruction.operands[0], to >= 4,
      let destination = registerOffset(instruction.operands[0])
    else { return nil }
    let source = registerOffset(instruction.operands[1])
    let from: UInt8
    switch instruction.operands[1] {
    case .general(_, let width): from = width
    case .highByte: from = 1
    case .memory(let width): from = UInt8(truncatingIfNeeded: width)
    default: return nil
    }
    let isRegister = source != nil
    let handler: ThreadedHandler
    switch (instruction.operation, from, to) {
    case (.movzx, 1, _): handler = isRegister ? Handlers.zero8 : Handlers.loadZero8
    case (.movzx, 2, _): handler = isRegister ? Handlers.zero16 : Handlers.loadZero16
    case (.movsx, 1, 4): handler = isRegister ? Handlers.sign8to32 : Handlers.loadSign8to32
    case (.movsx, 1, 8): handler = isRegister ? Handlers.sign8to64 : Handlers.loadSign8to64
    case (.movsx, 2, 4): handler = isRegister ? Handlers.sign16to32 : Handlers.loadSign16to32
    case (.movsx, 2, 8): handler = isRegister ? Handlers.sign16to64 : Handlers.loadSign16to64
    case (.movsxd, 4, 8): handler = isRegister ? Handlers.sign32to64 : Handlers.loadSign32to64
    default: return nil
    }
    var operation = make(handler, instruction, pageOffset)
    operation.destination = destination
    if let source {
      operation.source = source
      operation.flags = .ignoresThem
      return operation
    }
    return operation.setAddress(instruction) ? operation : nil
  }

  private static func address(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    guard instruction.operandSize >= 4, let destination = registerOffset(instruction.operands[0]) else {
      return nil
    }
    var plain = instruction
    // LEA leaves the segment out.
    plain.memory.segment = .ds
    var operation = make(
      instruction.operandSize == 8 ? HotMoveHandlers.address64 : HotMoveHandlers.address32, instruction,
      pageOffset)
    operation.destination = destination
    operation.flags = .ignoresThem
    return operation.setAddress(plain) ? operation : nil
  }

  private static func stack(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    guard instruction.operandSize == 8 else { return nil }
    if instruction.operation == .leave { return make(leaveFrameHandler, instruction, pageOffset) }
    let isPush = instruction.operation == .push
    if case .general(let number, 8) = instruction.operands[0] {
      var operation = make(isPush ? pushRegisterHandler : popRegisterHandler, instruction, pageOffset)
      operation.source = Int(number & 15) * 8
      operation.destination = operation.source
      return operation
    }
    if isPush, case .memory = instruction.operands[0] {
      var operation = make(pushMemoryHandler, instruction, pageOffset)
      return operation.setAddress(instruction) ? operation : nil
    }
    guard isPush, case .immediate = instruction.operands[0] else { return nil }
    var operation = make(pushImmediateHandler, instruction, pageOffset)
    operation.immediate = instruction.immediate
    return operation
  }

  // MARK: Branches and conditions

  private static func branch(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    guard instruction.operandSize == 8 || instruction.operation == .jcc || instruction.operation == .jmpNear
    else { return nil }
    switch (instruction.operation, instruction.operands[0]) {
    case (.jcc, .relative):
      let family = HotConditionHandlers.family(instruction.condition)
      return relative(instruction, pageOffset, inPage: family.jumpInPage, other: family.jump)
    case (.jmpNear, .relative):
      return relative(instruction, pageOffset, inPage: jumpInPageHandler, other: jumpHandler)
    case (.callNear, .relative):
      return relative(instruction, pageOffset, inPage: callInPageHandler, other: callHandler)
    case (.jmpNear, .general(let number, 8)), (.callNear, .general(let number, 8)):
      let isCall = instruction.operation == .callNear
      var operation = make(
        isCall ? callRegisterHandler : jumpRegisterHandler, instruction, pageOffset)
      operation.source = Int(number & 15) * 8
      return operation
    case (.jmpNear, .memory(width: 8)), (.callNear, .memory(width: 8)):
      var operation = make(
        instruction.operation == .callNear ? callMemoryHandler : jumpMemoryHandler, instruction, pageOffset)
      return operation.setAddress(instruction) ? operation : nil
    case (.retNear, .none), (.retNear, .immediate):
      var operation = make(returnHandler, instruction, pageOffset)
      if case .immediate = instruction.operands[0] { operation.immediate = instruction.immediate & 0xFFFF }
      return operation
    default: return nil
    }
  }

  /// A branch by displacement: linked where it stays in the page.
  private static func relative(
    _ instruction: Instruction, _ pageOffset: UInt16, inPage: ThreadedHandler, other: ThreadedHandler
  ) -> PreparedOperation? {
    let target =
      Int64(pageOffset) + Int64(instruction.length)
      &+ Int64(bitPattern: instruction.immediate)
    guard let narrow = Int32(exactly: target) else { return nil }
    var operation = make((0..<4096).contains(target) ? inPage : other, instruction, pageOffset)
    operation.displacement = narrow
    return operation
  }

  private static func conditional(_ instruction: Instruction, _ pageOffset: UInt16) -> PreparedOperation? {
    let family = HotConditionHandlers.family(instruction.condition)
    if instruction.operation == .setcc, case .memory = instruction.operands[0] {
      var operation = make(setMemoryHandler, instruction, pageOffset)
      operation.immediate = UInt64(instruction.condition.rawValue)
      return operation.setAddress(instruction) ? operation : nil
    }
    guard let destination = registerOffset(instruction.operands[0]) else { return nil }
    if instruction.operation == .setcc {
      var operation = make(family.set, instruction, pageOffset)
      operation.destination = destination
      return operation
    }
    guard instruction.operandSize >= 4 else { return nil }
    if case .memory = instruction.operands[1] {
      var operation = make(
        instruction.operandSize == 8 ? moveMemoryIf64Handler : moveMemoryIf32Handler, instruction, pageOffset)
      operation.destination = destination
      operation.immediate = UInt64(instruction.condition.rawValue)
      return operation.setAddress(instruction) ? operation : nil
    }
    guard let source = registerOffset(instruction.operands[1]) else { return nil }
    var operation = make(
      instruction.operandSize == 8 ? family.move64 : family.move32, instruction, pageOffset)
    (operation.destination, operation.source) = (destination, source)
    return operation
  }
}
