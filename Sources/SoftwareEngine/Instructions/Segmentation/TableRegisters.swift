internal import X86

/// GDTR, IDTR, LDTR and TR (SDM Vol. 2, LGDT, SGDT, LLDT, LTR and their relatives).
extension Interpreter {
  /// LGDT and LIDT: a limit of two bytes, then a base of three, four or eight.
  func loadTableRegister(_ instruction: borrowing Instruction) throws(Interruption) {
    guard core.privilege == 0 else { throw .generalProtection() }
    let width: UInt8 = core.isLong ? 8 : 4
    let linear = try linearOperand(instruction, byteCount: UInt64(width) + 2, isWrite: false)
    let limit = try readLinear(linear, width: 2)
    var base = try readLinear(truncateLinear(linear &+ 2), width: width)
    if core.isLong {
      guard isCanonical(base, bits: 48) else { throw .generalProtection() }
    } else if (core.codeSize == 2) != instruction.prefixes.contains(.operandSize) {
      // With 16-bit operands, as the 80286 had it; the decoder gives the size of the image.
      base &= 0xFF_FFFF
    }
    let table = DescriptorTable(base: base, limit: UInt16(truncatingIfNeeded: limit))
    if instruction.operation == .lgdt { gdt = table } else { idt = table }
  }

  /// SGDT and SIDT. All 32 bits of the base are stored even with 16-bit operands, as every CPU since
  /// the 80386 does.
  func storeTableRegister(_ table: DescriptorTable, _ instruction: borrowing Instruction) throws(Interruption)
  {
    try checkUserModeInstruction()
    let width: UInt8 = core.isLong ? 8 : 4
    let byteCount = UInt64(width) + 2
    let linear = try linearOperand(instruction, byteCount: byteCount, isWrite: true)
    try checkWrite(linear, byteCount: byteCount)
    try writeLinear(linear, width: 2, UInt64(table.limit))
    try writeLinear(truncateLinear(linear &+ 2), width: width, table.base & mask(width))
  }

  /// SLDT and STR: zero-extended in a register, two bytes in memory.
  func storeSystemSelector(_ selector: UInt16, _ instruction: borrowing Instruction) throws(Interruption) {
    if isRealAddressing { throw .invalidOpcode }
    try checkUserModeInstruction()
    try write(instruction, 0, UInt64(selector))
  }

  /// With CR4.UMIP the stores of system registers are privileged.
  func checkUserModeInstruction() throws(Interruption) {
    if core.privilege != 0, core.cr4.contains(.userModeInstructionPrevention) { throw .generalProtection() }
  }

  func loadLocalTable(_ instruction: borrowing Instruction) throws(Interruption) {
    if isRealAddressing { throw .invalidOpcode }
    guard core.privilege == 0 else { throw .generalProtection() }
    let selector = UInt16(truncatingIfNeeded: try read(instruction, 0))
    if selector.isNullSelector {
      var segment = Segment()
      segment.selector = selector
      segment.attributes.isUnusable = true
      ldt = segment
      return
    }
    let (segment, _) = try systemSegment(selector, SystemSegmentType.localDescriptorTable)
    ldt = segment
  }

  /// LTR marks the TSS busy, in the descriptor too.
  func loadTaskRegister(_ instruction: borrowing Instruction) throws(Interruption) {
    if isRealAddressing { throw .invalidOpcode }
    guard core.privilege == 0 else { throw .generalProtection() }
    let selector = UInt16(truncatingIfNeeded: try read(instruction, 0))
    if selector.isNullSelector { throw .generalProtection() }
    var (segment, address) = try systemSegment(
      selector, SystemSegmentType.availableTSS, or: isLongModeActive ? nil : SystemSegmentType.availableTSS16)
    let rights = UInt64(segment.attributes.accessRights & 0xFF) | 2
    try writeSystem(address &+ 5, width: 1, rights)
    segment.attributes.type |= 2
    tr = segment
  }

  /// Reads the descriptor of an LDT or a TSS, 16 bytes in long mode, and checks it.
  ///
  /// - Throws: #GP or #NP with the selector.
  private func systemSegment(_ selector: UInt16, _ type: UInt8, or other: UInt8? = nil) throws(Interruption)
    -> (Segment, address: UInt64)
  {
    let code = selector.errorCode()
    let byteCount: UInt64 = isLongModeActive ? 16 : 8
    guard selector & 4 == 0, let address = descriptorAddress(selector, byteCount: byteCount) else {
      throw .generalProtection(code)
    }
    let descriptor = SystemDescriptor(
      low: try readSystem(address, width: 8),
      high: isLongModeActive ? try readSystem(address &+ 8, width: 8) : 0)
    let attributes = descriptor.low.attributes
    guard !attributes.isCodeOrData, attributes.type == type || attributes.type == other,
      descriptor.isWellFormed
    else {
      throw .generalProtection(code)
    }
    guard attributes.isPresent else { throw .segmentNotPresent(code) }
    if isLongModeActive {
      let segment = descriptor.segment(selector: selector)
      guard isCanonical(segment.base, bits: 48) else { throw .generalProtection(code) }
      return (segment, address)
    }
    return (descriptor.low.segment(selector: selector), address)
  }
}
