internal import X86

/// XSAVE, XSAVEOPT, XSAVEC and XRSTOR of the components there are: x87 and SSE (SDM Vol. 1, 13.7 to
/// 13.11).
extension Interpreter {
  /// XSAVE and XSAVEOPT: the standard format. The optimized form leaves out components in their
  /// initial state; that they were not modified since the last XRSTOR is not tracked.
  func saveExtended(_ instruction: borrowing Instruction, isOptimized: Bool) throws(Interruption) {
    let linear = try linearExtendedArea(instruction, isWrite: true)
    let requested = requestedComponents
    let inUse = componentsInUse
    // Sound, here and below: the scratch page is larger than the area and its header.
    unsafe try readBytes(
      linear &+ UInt64(ExtendedState.legacySize), into: native.scratch, byteCount: 8)
    let before = get(UInt64.self, at: 0)
    try checkWrite(linear, byteCount: Self.areaByteCount)

    let written = isOptimized ? requested.intersection(inUse) : requested
    try store(written, isWide: instruction.operandSize == 8, at: linear)
    if requested.contains(.sse) { try storeMXCSR(at: linear) }
    put(before & ~requested.rawValue | requested.intersection(inUse).rawValue, at: 0)
    unsafe try writeBytes(linear &+ UInt64(ExtendedState.legacySize), from: native.scratch, byteCount: 8)
  }

  /// XSAVEC: the compacted format, which for these components is laid out as the standard one.
  func saveCompacted(_ instruction: borrowing Instruction) throws(Interruption) {
    let linear = try linearExtendedArea(instruction, isWrite: true)
    let requested = requestedComponents
    let written = requested.intersection(componentsInUse)
    try checkWrite(linear, byteCount: Self.areaByteCount)
    try store(written, isWide: instruction.operandSize == 8, at: linear)
    if written.contains(.sse) { try storeMXCSR(at: linear) }
    put(written.rawValue, at: 0)
    put(requested.rawValue | Self.isCompacted, at: 8)
    unsafe try writeBytes(linear &+ UInt64(ExtendedState.legacySize), from: native.scratch, byteCount: 16)
  }

  func restoreExtended(_ instruction: borrowing Instruction) throws(Interruption) {
    let linear = try linearExtendedArea(instruction, isWrite: false)
    let requested = requestedComponents
    unsafe try readBytes(linear, into: native.scratch, byteCount: Int(Self.areaByteCount))
    let present = get(UInt64.self, at: ExtendedState.legacySize)
    let layout = get(UInt64.self, at: ExtendedState.legacySize + 8)
    let isCompacted = layout & Self.isCompacted != 0
    try checkHeader(present: present, layout: layout)

    let available = XCR0(rawValue: present)
    let control = get(UInt32.self, at: LegacyArea.mxcsr)
    // The compacted form has MXCSR with the component it belongs to; the standard one always.
    let readsMXCSR = requested.contains(.sse) && (!isCompacted || available.contains(.sse))
    if readsMXCSR, control & ~Core.MXCSR.defined != 0 { throw .generalProtection() }

    if requested.contains(.x87) {
      if available.contains(.x87) {
        takeX87(isWide: instruction.operandSize == 8)
      } else {
        core.initializeX87Control()
        for index in 0..<8 { core.setX87Register(index, 0) }
      }
    }
    if requested.contains(.sse) {
      if available.contains(.sse) {
        takeVectors()
      } else {
        for number in 0..<LegacyArea.vectorCount(core) { core.setVector(number, 0) }
      }
      core.mxcsr = readsMXCSR ? control : Core.MXCSR.initial
    }
  }

  /// #GP for a header that no XSAVE writes (SDM Vol. 1, 13.8.1 and 13.8.2).
  private func checkHeader(present: UInt64, layout: UInt64) throws(Interruption) {
    let header = ExtendedState.legacySize
    let offered = core.xcr0.rawValue
    var reserved: UInt64 = 0
    if layout & Self.isCompacted != 0 {
      guard model.has(.xsavec) else { throw .generalProtection() }
      let components = layout & ~Self.isCompacted
      guard components & ~offered == 0, present & ~components == 0 else { throw .generalProtection() }
      for offset in stride(from: 16, to: ExtendedState.headerSize, by: 8) {
        reserved |= get(UInt64.self, at: header + offset)
      }
    } else {
      guard present & ~offered == 0 else { throw .generalProtection() }
      reserved = layout | get(UInt64.self, at: header + 16)
    }
    guard reserved == 0 else { throw .generalProtection() }
  }

  // MARK: Parts

  private static var areaByteCount: UInt64 {
    UInt64(ExtendedState.legacySize + ExtendedState.headerSize)
  }
  /// XCOMP_BV[63].
  private static var isCompacted: UInt64 { 1 << 63 }

  private func linearExtendedArea(_ instruction: borrowing Instruction, isWrite: Bool)
    throws(Interruption) -> UInt64
  {
    guard core.cr4.contains(.osXSAVE) else { throw .invalidOpcode }
    if assistance.leavesSystemToHardware, wantsForeignComponents { throw handOver() }
    if core.cr0.contains(.taskSwitched) { throw .deviceNotAvailable }
    let linear = try linearOperand(instruction, byteCount: Self.areaByteCount, isWrite: isWrite)
    guard linear & 63 == 0 else { throw .generalProtection() }
    return linear
  }

  /// Whether components are asked for that the hardware's CPU has and this one does not.
  private var wantsForeignComponents: Bool {
    let mask = core.rax & 0xFFFF_FFFF | core.rdx << 32
    return core.xcr0.rawValue & mask & ~XCR0([.x87, .sse]).rawValue != 0
  }

  /// RFBM: what the instruction is asked for of what is enabled, as far as this processor has it.
  private var requestedComponents: XCR0 {
    let mask = core.rax & 0xFFFF_FFFF | core.rdx << 32
    return XCR0(rawValue: core.xcr0.rawValue & mask).intersection([.x87, .sse])
  }

  /// XINUSE: the components that are not in their initial state. SSE is not while MXCSR is not.
  private var componentsInUse: XCR0 {
    var inUse: XCR0 = []
    var x87: UInt128 = 0
    for index in 0..<8 { x87 |= core.x87Register(index) }
    let hasState =
      core.x87ControlWord != Core.ControlWord.initial || core.x87StatusWord != 0 || core.x87Tags != 0
      || core.x87Opcode != 0 || core.x87InstructionPointer != 0 || core.x87DataPointer != 0
    if x87 != 0 || hasState { inUse.insert(.x87) }
    var vectors: UInt128 = 0
    for number in UInt8(0)..<16 { vectors |= core.vector(number) }
    if vectors != 0 || core.mxcsr != Core.MXCSR.initial { inUse.insert(.sse) }
    return inUse
  }

  private func store(_ components: XCR0, isWide: Bool, at linear: UInt64) throws(Interruption) {
    if components.contains(.x87) {
      putX87(isWide: isWide)
      try writePart(0..<LegacyArea.mxcsr, at: linear)
      try writePart(LegacyArea.registers..<LegacyArea.vectors, at: linear)
    }
    if components.contains(.sse) {
      putVectors()
      try writePart(LegacyArea.vectors..<LegacyArea.end(core), at: linear)
    }
  }

  private func storeMXCSR(at linear: UInt64) throws(Interruption) {
    putMXCSR()
    try writePart(LegacyArea.mxcsr..<LegacyArea.registers, at: linear)
  }

  /// Writes bytes of the area from the scratch page.
  private func writePart(_ range: Range<Int>, at linear: UInt64) throws(Interruption) {
    unsafe try writeBytes(
      truncateLinear(linear &+ UInt64(range.lowerBound)), from: native.scratch + range.lowerBound,
      byteCount: range.count)
  }
}
