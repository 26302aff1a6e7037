internal import X86

/// FNSTENV, FLDENV, FNSAVE and FRSTOR: the x87's environment in its four layouts, by operand size and
/// mode (SDM Vol. 1, figures 8-9 to 8-12).
extension Interpreter {
  func storeX87Environment(_ instruction: borrowing Instruction) throws(Interruption) {
    let isWide = instruction.operandSize != 2
    let byteCount = isWide ? 28 : 14
    let linear = try linearOperand(instruction, byteCount: UInt64(byteCount), isWrite: true)
    putEnvironment(isWide: isWide)
    // Sound, here and below: the scratch page is larger than any of these images.
    unsafe try writeBytes(linear, from: native.scratch, byteCount: byteCount)
    // All exceptions are masked from then on.
    core.x87ControlWord |= Core.ControlWord.exceptionMasks
    core.updateX87ErrorSummary()
  }

  func loadX87Environment(_ instruction: borrowing Instruction) throws(Interruption) {
    let isWide = instruction.operandSize != 2
    let byteCount = isWide ? 28 : 14
    let linear = try linearOperand(instruction, byteCount: UInt64(byteCount), isWrite: false)
    unsafe try readBytes(linear, into: native.scratch, byteCount: byteCount)
    takeEnvironment(isWide: isWide)
  }

  func saveX87(_ instruction: borrowing Instruction) throws(Interruption) {
    let isWide = instruction.operandSize != 2
    let header = isWide ? 28 : 14
    let linear = try linearOperand(instruction, byteCount: UInt64(header + 80), isWrite: true)
    putEnvironment(isWide: isWide)
    for index in 0..<8 {
      let register = core.x87Register(index)
      put(UInt64(truncatingIfNeeded: register), at: header + index * 10)
      put(UInt16(truncatingIfNeeded: register >> 64), at: header + index * 10 + 8)
    }
    unsafe try writeBytes(linear, from: native.scratch, byteCount: header + 80)
    core.initializeX87Control()
  }

  func restoreX87(_ instruction: borrowing Instruction) throws(Interruption) {
    let isWide = instruction.operandSize != 2
    let header = isWide ? 28 : 14
    let linear = try linearOperand(instruction, byteCount: UInt64(header + 80), isWrite: false)
    unsafe try readBytes(linear, into: native.scratch, byteCount: header + 80)
    takeEnvironment(isWide: isWide)
    for index in 0..<8 {
      let low: UInt64 = get(at: header + index * 10)
      let high: UInt16 = get(at: header + index * 10 + 8)
      core.setX87Register(index, UInt128(high) << 64 | UInt128(low))
    }
  }

  // MARK: Layouts

  /// Writes the environment to the scratch page. Bits that are reserved are ones, and so are the
  /// selectors' upper halves; the selectors are zero (see `Core`'s image).
  private func putEnvironment(isWide: Bool) {
    let words = [core.x87ControlWord, core.x87StatusWord, fullTagWord]
    let (instruction, data, opcode) = (core.x87InstructionPointer, core.x87DataPointer, core.x87Opcode)
    for (index, word) in words.enumerated() {
      if isWide { put(0xFFFF_0000 | UInt32(word), at: index * 4) } else { put(word, at: index * 2) }
    }
    switch (isWide, isRealStyle) {
    case (true, false):
      put(UInt32(truncatingIfNeeded: instruction), at: 12)
      put(UInt32(opcode) << 16, at: 16)
      put(UInt32(truncatingIfNeeded: data), at: 20)
      put(UInt32(0xFFFF_0000), at: 24)
    case (true, true):
      put(0xFFFF_0000 | UInt32(truncatingIfNeeded: instruction & 0xFFFF), at: 12)
      put(UInt32(truncatingIfNeeded: instruction >> 16 & 0xFFFF) << 12 | UInt32(opcode), at: 16)
      put(0xFFFF_0000 | UInt32(truncatingIfNeeded: data & 0xFFFF), at: 20)
      put(UInt32(truncatingIfNeeded: data >> 16 & 0xFFFF) << 12, at: 24)
    case (false, false):
      put(UInt16(truncatingIfNeeded: instruction), at: 6)
      put(UInt16(0), at: 8)
      put(UInt16(truncatingIfNeeded: data), at: 10)
      put(UInt16(0), at: 12)
    case (false, true):
      put(UInt16(truncatingIfNeeded: instruction), at: 6)
      put(UInt16(truncatingIfNeeded: instruction >> 16 & 15) << 12 | opcode, at: 8)
      put(UInt16(truncatingIfNeeded: data), at: 10)
      put(UInt16(truncatingIfNeeded: data >> 16 & 15) << 12, at: 12)
    }
  }

  /// Takes over the environment that is in the scratch page.
  private func takeEnvironment(isWide: Bool) {
    let step = isWide ? 4 : 2
    let status: UInt16 = get(at: step)
    core.x87ControlWord = get(at: 0)
    core.setX87Top(Int(status >> 11 & 7))
    core.x87StatusWord = status
    setFullTagWord(get(at: step * 2))
    core.updateX87ErrorSummary()
    switch (isWide, isRealStyle) {
    case (true, false):
      core.x87InstructionPointer = UInt64(get(UInt32.self, at: 12))
      core.x87Opcode = get(at: 18)
      core.x87DataPointer = UInt64(get(UInt32.self, at: 20))
    case (true, true):
      let high = get(UInt32.self, at: 16)
      core.x87InstructionPointer = UInt64(get(UInt16.self, at: 12)) | UInt64(high >> 12 & 0xFFFF) << 16
      core.x87Opcode = UInt16(truncatingIfNeeded: high)
      let dataHigh = get(UInt32.self, at: 24)
      core.x87DataPointer = UInt64(get(UInt16.self, at: 20)) | UInt64(dataHigh >> 12 & 0xFFFF) << 16
    case (false, false):
      core.x87InstructionPointer = UInt64(get(UInt16.self, at: 6))
      core.x87Opcode = 0
      core.x87DataPointer = UInt64(get(UInt16.self, at: 10))
    case (false, true):
      let high = get(UInt16.self, at: 8)
      core.x87InstructionPointer = UInt64(get(UInt16.self, at: 6)) | UInt64(high >> 12) << 16
      core.x87Opcode = high
      core.x87DataPointer =
        UInt64(get(UInt16.self, at: 10)) | UInt64(get(UInt16.self, at: 12) >> 12) << 16
    }
  }

  /// The tag word with two bits a register: valid, zero, special, empty (SDM Vol. 1, 8.1.7).
  private var fullTagWord: UInt16 {
    let tags = core.x87Tags
    var word: UInt16 = 0
    for number in 0..<8 {
      let tag: UInt16
      if tags >> UInt8(number) & 1 == 0 {
        tag = 3
      } else {
        let value = core.x87Register((number - core.x87Top) & 7)
        let exponent = value >> 64 & 0x7FFF
        let significand = UInt64(truncatingIfNeeded: value)
        tag =
          exponent == 0 && significand == 0
          ? 1 : exponent == 0 || exponent == 0x7FFF || significand >> 63 == 0 ? 2 : 0
      }
      word |= tag << UInt16(number * 2)
    }
    return word
  }

  private func setFullTagWord(_ word: UInt16) {
    var tags: UInt8 = 0
    for number in 0..<8 where word >> UInt16(number * 2) & 3 != 3 { tags |= 1 << UInt8(number) }
    core.x87Tags = tags
  }

  // MARK: The scratch page

  /// Writes a number to the scratch page.
  func put<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
    // Sound: every offset in this folder is far less than the page.
    unsafe native.scratch.storeBytes(of: value, toByteOffset: offset, as: Value.self)
  }

  /// Reads a number from the scratch page.
  func get<Value: BitwiseCopyable>(_ type: Value.Type = Value.self, at offset: Int) -> Value {
    // Sound: as for `put`.
    unsafe native.scratch.loadUnaligned(fromByteOffset: offset, as: type)
  }
}
