/// One instruction on the way from bytes to `Instruction`: the bytes that are left and what the
/// prefixes said.
struct Decoding {
  let codeSize: CodeSize
  /// The result, filled in step by step.
  var instruction = Instruction()
  /// The bytes that are not read yet, the next one lowest.
  private var window: UInt128
  /// How many bytes were read.
  private(set) var position: UInt8 = 0
  private let count: UInt8

  /// REX.W or VEX.W.
  var isWide = false
  /// REX.R, REX.X, REX.B or VEX's, as what they add to a register's number: 0 or 8.
  var registerExtension: UInt8 = 0
  var indexExtension: UInt8 = 0
  var baseExtension: UInt8 = 0
  /// None, 66, F3, F2 as 0…3: which prefix may be part of the opcode.
  var mandatoryPrefix: UInt8 = 0
  /// VEX.vvvv, not inverted any more; 0 without VEX.
  var vvvv: UInt8 = 0
  /// Bytes of a vector: 16, or 32 with VEX.L.
  var vectorLength: UInt8 = 16
  /// Whether an EVEX instruction ends with an immediate.
  var hasEVEXImmediate = false
  /// The segment override that takes effect.
  var override: SegmentName?

  init(_ bytes: InstructionBytes, _ codeSize: CodeSize) {
    self.codeSize = codeSize
    window = bytes.bits
    count = bytes.count
  }

  var is64: Bool { codeSize == .bits64 }

  // MARK: Bytes

  /// The next `size` bytes, zero-extended. `size` is 1…8.
  mutating func take(_ size: UInt8) throws(DecodeError) -> UInt64 {
    guard position &+ size <= count else {
      // A whole window is fifteen bytes: more would not help.
      throw count >= InstructionBytes.maximumCount ? .tooLong : .needsMoreBytes(count: count)
    }
    let mask = ~UInt64(0) &>> UInt64(64 &- 8 &* size)
    let value = UInt64(truncatingIfNeeded: window) & mask
    window = window &>> UInt128(8 &* size)
    position &+= size
    return value
  }

  /// The next byte.
  mutating func takeByte() throws(DecodeError) -> UInt8 {
    UInt8(truncatingIfNeeded: try take(1))
  }

  /// The next `size` bytes, sign-extended.
  mutating func takeSigned(_ size: UInt8) throws(DecodeError) -> UInt64 {
    let value = try take(size)
    let shift = Int64(64 &- 8 &* Int64(size))
    return UInt64(bitPattern: (Int64(bitPattern: value) &<< shift) &>> shift)
  }

  /// The byte after the one just read, without taking it; nil at the end of the bytes.
  var peeked: UInt8? { position < count ? UInt8(truncatingIfNeeded: window) : nil }

  // MARK: Steps

  /// That nothing is defined here.
  var undefined: DecodeError { .undefined(length: position) }

  /// Decodes the whole instruction.
  mutating func run() throws(DecodeError) {
    let opcode = try takePrefixes()
    var entry = try takeOpcode(opcode)
    if instruction.prefixes.contains(.evex) { return try finishEVEX() }
    try resolve(&entry)
    guard entry.operation != .invalid else { throw undefined }
    instruction.operation = entry.operation
    instruction.feature = entry.feature
    if entry.traits.contains(is64 ? .not64 : .only64) { throw undefined }
    instruction.operandSize = operandSize(entry.traits)
    if entry.traits.contains(.modRM) {
      try takeModRM()
      if instruction.modRM < 0xC0 {
        if !entry.traits.contains(.ignoresMod) { try takeMemory() }
      } else if let override {
        // MASKMOVQ and MASKMOVDQU have a register here and an address that the encoding implies.
        instruction.memory.segment = override
      }
    }
    if entry.operation == .xlat, let override { instruction.memory.segment = override }
    if entry.first != .none {
      instruction.operands[0] = try operand(entry.first)
      if entry.second != .none {
        instruction.operands[1] = try operand(entry.second)
        if entry.third != .none {
          instruction.operands[2] = try operand(entry.third)
          if entry.fourth != .none { instruction.operands[3] = try operand(entry.fourth) }
        }
      }
    }
    try checkLock(entry)
    if vvvv != 0, !entry.traits.contains(.vvvv) { throw undefined }
    instruction.length = position
  }

  /// Follows the choices of the tables to the slot of this instruction.
  private mutating func resolve(_ entry: inout OpcodeEntry) throws(DecodeError) {
    while entry.selector != .complete {
      let choice: UInt16
      switch entry.selector {
      case .complete: choice = 0
      case .extensionField: choice = UInt16(try takeModRM() &>> 3 & 7)
      case .registerField: choice = UInt16(try takeModRM() & 7)
      case .memoryOrRegister: choice = try takeModRM() >= 0xC0 ? 1 : 0
      case .mandatoryPrefix: choice = UInt16(mandatoryPrefix)
      case .operandSize:
        switch operandSize(entry.traits) {
        case 8: choice = 2
        case 4: choice = 1
        default: choice = 0
        }
      case .mode: choice = is64 ? 1 : 0
      case .wide: choice = isWide ? 1 : 0
      case .generalWide: choice = isWide && is64 ? 1 : 0
      case .vectorLength: choice = vectorLength == 32 ? 1 : 0
      case .extendedBase: choice = baseExtension != 0 ? 1 : 0
      }
      let inherited = entry.traits
      entry = OpcodeTable.shared.entries[Int(entry.next &+ choice)]
      entry.traits.formUnion(inherited)
    }
  }

  /// Reads the ModRM byte, once.
  @discardableResult
  mutating func takeModRM() throws(DecodeError) -> UInt8 {
    if !instruction.hasModRM {
      instruction.modRM = try takeByte()
      instruction.hasModRM = true
    }
    return instruction.modRM
  }

  /// The effective operand size in bytes (SDM Vol. 1, table 3-4).
  private func operandSize(_ traits: OpcodeEntry.Traits) -> UInt8 {
    if traits.contains(.byte) { return 1 }
    let hasOperandPrefix = instruction.prefixes.contains(.operandSize)
    if is64 {
      if traits.contains(.force64) || traits.contains(.native) { return 8 }
      if isWide { return traits.contains(.ignoresWide) ? 4 : 8 }
      if traits.contains(.ignores66) { return traits.contains(.default64) ? 8 : 4 }
      if hasOperandPrefix { return 2 }
      return traits.contains(.default64) ? 8 : 4
    }
    if traits.contains(.ignores66) || traits.contains(.native) { return 4 }
    return (codeSize == .bits32) != hasOperandPrefix ? 4 : 2
  }

  /// LOCK is for a memory destination of some instructions only (SDM Vol. 2, "LOCK").
  private func checkLock(_ entry: OpcodeEntry) throws(DecodeError) {
    guard instruction.prefixes.contains(.lock) else { return }
    guard entry.traits.contains(.lockable), instruction.hasModRM, instruction.modRM < 0xC0 else {
      throw undefined
    }
  }
}
