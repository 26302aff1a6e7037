internal import X86

/// FXSAVE, FXRSTOR, the XSAVE family, LDMXCSR and STMXCSR.
extension Interpreter {
  func executeExtendedState(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .ldmxcsr:
      try checkVectorsUsable()
      let value = UInt32(truncatingIfNeeded: try read(instruction, 0))
      guard value & ~Core.MXCSR.defined == 0 else { throw .generalProtection() }
      core.mxcsr = value
    case .stmxcsr:
      try checkVectorsUsable()
      try write(instruction, 0, UInt64(core.mxcsr))
    case .fxsave: try saveLegacy(instruction)
    case .fxrstor: try restoreLegacy(instruction)
    case .xsave: try saveExtended(instruction, isOptimized: false)
    case .xsaveopt: try saveExtended(instruction, isOptimized: true)
    case .xsavec: try saveCompacted(instruction)
    case .xrstor: try restoreExtended(instruction)
    default: throw .invalidOpcode
    }
  }

  // MARK: FXSAVE

  /// FXSAVE: 416 of the 512 bytes in 64-bit mode, else 288: XMM8…15 are left out (SDM Vol. 1, 10.5).
  private func saveLegacy(_ instruction: borrowing Instruction) throws(Interruption) {
    let linear = try linearLegacyArea(instruction, isWrite: true)
    putX87(isWide: instruction.operandSize == 8)
    putMXCSR()
    putVectors()
    try checkWrite(linear, byteCount: UInt64(ExtendedState.legacySize))
    // Sound, here and below: the scratch page is larger than the area.
    unsafe try writeBytes(linear, from: native.scratch, byteCount: LegacyArea.end(core))
  }

  private func restoreLegacy(_ instruction: borrowing Instruction) throws(Interruption) {
    let linear = try linearLegacyArea(instruction, isWrite: false)
    unsafe try readBytes(linear, into: native.scratch, byteCount: ExtendedState.legacySize)
    let control = get(UInt32.self, at: LegacyArea.mxcsr)
    guard control & ~Core.MXCSR.defined == 0 else { throw .generalProtection() }
    takeX87(isWide: instruction.operandSize == 8)
    core.mxcsr = control
    takeVectors()
  }

  private func linearLegacyArea(_ instruction: borrowing Instruction, isWrite: Bool) throws(Interruption)
    -> UInt64
  {
    if core.cr0.contains(.emulation) { throw .invalidOpcode }
    if core.cr0.contains(.taskSwitched) { throw .deviceNotAvailable }
    let linear = try linearOperand(
      instruction, byteCount: UInt64(ExtendedState.legacySize), isWrite: isWrite)
    guard linear & 15 == 0 else { throw .generalProtection() }
    return linear
  }
}

/// Offsets in the area of FXSAVE and in the legacy region of XSAVE (SDM Vol. 1, table 10-2).
enum LegacyArea {
  static let mxcsr = 24
  static let registers = 32
  static let vectors = 160

  /// How many XMM registers instructions of the current mode can name.
  static func vectorCount(_ core: Core) -> UInt8 { core.isLong ? 16 : 8 }
  /// Where what is saved in the current mode ends.
  static func end(_ core: Core) -> Int { vectors + Int(vectorCount(core)) * 16 }
}

/// The parts of that area, between the scratch page and the registers.
extension Interpreter {
  /// The x87's part, bytes 0…23 and 32…159. Without REX.W the pointers are 32 bits and a selector
  /// each, which is zero (see `Core`'s image).
  func putX87(isWide: Bool) {
    put(core.x87ControlWord, at: 0)
    put(core.x87StatusWord, at: 2)
    put(UInt16(core.x87Tags), at: 4)
    put(core.x87Opcode, at: 6)
    put(isWide ? core.x87InstructionPointer : core.x87InstructionPointer & 0xFFFF_FFFF, at: 8)
    put(isWide ? core.x87DataPointer : core.x87DataPointer & 0xFFFF_FFFF, at: 16)
    for index in 0..<8 { put(core.x87Register(index), at: LegacyArea.registers + index * 16) }
  }

  func takeX87(isWide: Bool) {
    let status: UInt16 = get(at: 2)
    // The registers are stored from ST(0) on, as the image has them: nothing turns.
    core.x87ControlWord = get(at: 0)
    core.x87StatusWord = status
    core.x87Tags = get(at: 4)
    core.x87Opcode = get(at: 6)
    let (instruction, data) = (get(UInt64.self, at: 8), get(UInt64.self, at: 16))
    core.x87InstructionPointer = isWide ? signExtended(instruction) : instruction & 0xFFFF_FFFF
    core.x87DataPointer = isWide ? data : data & 0xFFFF_FFFF
    for index in 0..<8 {
      core.setX87Register(index, get(at: LegacyArea.registers + index * 16))
    }
    core.updateX87ErrorSummary()
  }

  /// FIP as a canonical address: the CPU keeps no other bits of it.
  private func signExtended(_ address: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: address << 16) >> 16)
  }

  /// MXCSR and MXCSR_MASK.
  func putMXCSR() {
    put(core.mxcsr, at: LegacyArea.mxcsr)
    put(Core.MXCSR.defined, at: LegacyArea.mxcsr + 4)
  }

  func putVectors() {
    for number in 0..<LegacyArea.vectorCount(core) {
      put(core.vector(number), at: LegacyArea.vectors + Int(number) * 16)
    }
  }

  func takeVectors() {
    for number in 0..<LegacyArea.vectorCount(core) {
      core.setVector(number, get(at: LegacyArea.vectors + Int(number) * 16))
    }
  }
}
