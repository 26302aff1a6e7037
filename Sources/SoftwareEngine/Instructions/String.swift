internal import X86

/// String instructions (SDM Vol. 2, "MOVS", "STOS", "LODS", "CMPS", "SCAS" and "REP"): one item, or
/// item by item until rCX or the comparison ends it.
///
/// The registers move after each item, so that a fault finds them at the item that raised it. A
/// long repetition returns with RIP still on the instruction, so that interrupts are taken in between.
extension Interpreter {
  /// Executes a string instruction.
  func executeString(_ instruction: borrowing Instruction) throws(Interruption) {
    let item = StringItem(instruction, core)
    guard item.isRepeated else {
      _ = try executeItem(item)
      return
    }
    if core.general(1, width: item.addressSize) == 0 {
      // The right to the port is looked at even so.
      if item.operation == .ins || item.operation == .outs { _ = try portOfString(item) }
      return dropUpperHalves(item)
    }
    // A fault in the middle finds the flags as they were before the instruction.
    let flags = (core.flagResult, core.flagCarries)
    do throws(Interruption) {
      try repeatItems(item)
    } catch {
      (core.flagResult, core.flagCarries) = flags
      throw error
    }
  }

  private func repeatItems(_ item: StringItem) throws(Interruption) {
    // Single step stops after each item.
    let isStepping = core.systemFlags.contains(.trap)
    var work = 0
    repeat {
      let done = isStepping ? StringProgress(count: 0, isOver: false) : try executeItems(item)
      if done.isOver { return }
      if done.count != 0 {
        work &+= Int(done.count &* UInt64(item.width))
      } else {
        let goesOn = try executeItem(item)
        countDown(item, by: 1)
        if !goesOn { return }
        work &+= Self.itemWork
      }
      if core.general(1, width: item.addressSize) == 0 { return }
    } while work < Self.workLimit && !isStepping
    nextRIP = core.rip
    // So much was done as one instruction.
    yieldTurn()
  }

  /// How much of a repetition is done before interrupts get their turn, in bytes of whole runs.
  private static let workLimit = 16384
  /// What an item that is done alone costs in the same measure.
  private static let itemWork = 16

  // MARK: One item

  /// Executes one item and moves the index registers. Returns whether a repetition goes on as far as
  /// the comparison is concerned.
  private func executeItem(_ item: StringItem) throws(Interruption) -> Bool {
    let width = item.width
    var goesOn = true
    switch item.operation {
    case .movs:
      let value = try readSource(item)
      try writeDestination(item, value)
      moveIndexes(item, source: true, destination: true)
    case .stos:
      try writeDestination(item, core.general(0, width: width))
      moveIndexes(item, source: false, destination: true)
    case .lods:
      core.setGeneral(0, width: width, try readSource(item))
      moveIndexes(item, source: true, destination: false)
    case .cmps:
      // Intel's processors report a fault of the second operand first.
      let right = try readDestination(item)
      let left = try readSource(item)
      goesOn = compare(left, right, item)
      moveIndexes(item, source: true, destination: true)
    case .scas:
      goesOn = compare(core.general(0, width: width), try readDestination(item), item)
      moveIndexes(item, source: false, destination: true)
    case .ins:
      try inputItem(item)
      moveIndexes(item, source: false, destination: true)
    case .outs:
      try outputItem(item)
      moveIndexes(item, source: true, destination: false)
    default: throw .invalidOpcode
    }
    // What devices answered belongs to this item.
    deviceAccesses.forget()
    return goesOn
  }

  func compare(_ left: UInt64, _ right: UInt64, _ item: StringItem) -> Bool {
    core.setFlags(subtracting: right, from: left, result: left &- right, width: item.width)
    return (left == right) == item.endsOnDifference
  }

  func readSource(_ item: StringItem) throws(Interruption) -> UInt64 {
    let linear = try linearAddress(
      item.segment, core.general(6, width: item.addressSize), byteCount: UInt64(item.width), isWrite: false)
    return try readLinear(linear, width: item.width)
  }

  private func readDestination(_ item: StringItem) throws(Interruption) -> UInt64 {
    try readLinear(try destination(item, isWrite: false), width: item.width)
  }

  private func writeDestination(_ item: StringItem, _ value: UInt64) throws(Interruption) {
    try writeLinear(try destination(item, isWrite: true), width: item.width, value)
  }

  /// The linear address of the item at ES:rDI.
  func destination(_ item: StringItem, isWrite: Bool) throws(Interruption) -> UInt64 {
    try linearAddress(
      .es, core.general(7, width: item.addressSize), byteCount: UInt64(item.width), isWrite: isWrite)
  }

  // MARK: Registers

  /// Moves rSI and rDI by `count` items, up or down as DF says.
  func moveIndexes(_ item: StringItem, source: Bool, destination: Bool, by count: UInt64 = 1) {
    let distance = count &* UInt64(item.width)
    let step = core.systemFlags.contains(.direction) ? 0 &- distance : distance
    if source { core.setGeneral(6, width: item.addressSize, core.rsi &+ step) }
    if destination { core.setGeneral(7, width: item.addressSize, core.rdi &+ step) }
  }

  func countDown(_ item: StringItem, by count: UInt64) {
    core.setGeneral(1, width: item.addressSize, core.rcx &- count)
  }

  /// What Intel's processors do where ECX is zero to begin with: the upper half of RCX is cleared,
  /// and of the indexes that MOVS and STOS would move.
  private func dropUpperHalves(_ item: StringItem) {
    guard item.addressSize == 4, core.isLong else { return }
    core.rcx = 0
    if item.operation == .movs { core.setGeneral(6, width: 4, core.rsi) }
    if item.operation == .movs || item.operation == .stos { core.setGeneral(7, width: 4, core.rdi) }
  }
}

/// What a string instruction does with each item.
struct StringItem {
  let operation: Operation
  /// Bytes of an item.
  let width: UInt8
  /// Bytes of rCX, rSI and rDI that count.
  let addressSize: UInt8
  /// The segment of the source.
  let segment: SegmentName
  /// A REP prefix is there; F2 and F3 are the same but for comparisons.
  let isRepeated: Bool
  /// A comparison goes on while the items are equal: REPE, or no prefix.
  let endsOnDifference: Bool

  init(_ instruction: borrowing Instruction, _ core: Core) {
    operation = instruction.operation
    addressSize = instruction.addressSize
    segment = instruction.memory.segment
    let prefixes = instruction.prefixes
    isRepeated = prefixes.contains(.repeatEqual) || prefixes.contains(.repeatNotEqual)
    endsOnDifference = !prefixes.contains(.repeatNotEqual)
    var width = instruction.operandSize
    for index in 0..<2 {
      switch instruction.operands[index] {
      case .stringSource(let found), .stringDestination(let found): width = found
      default: break
      }
    }
    self.width = width
  }
}

/// What was done of a repetition in one go.
struct StringProgress {
  /// Items done; the registers have moved past them.
  var count: UInt64
  /// Nothing remains: rCX is zero, or the comparison ended it.
  var isOver: Bool
}
