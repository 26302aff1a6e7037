internal import X86

/// x87, MMX and SSE: executed by the host's CPU, on the guest's registers.
extension Interpreter {
  func executeNative(_ instruction: borrowing Instruction) throws(Interruption) {
    if instruction.operation.rawValue <= Operation.fwait.rawValue { return try executeX87(instruction) }
    if try executeVectorMove(instruction) { return }
    switch instruction.operation {
    case .emms: try executeEMMS()
    case .maskmovq, .maskmovdqu: try executeMaskedMove(instruction)
    default: try executeVector(instruction)
    }
  }

  /// That XMM registers may be used: #UD with CR0.EM or without CR4.OSFXSR, then #NM with CR0.TS
  /// (SDM Vol. 2, 2.5).
  @inline(__always)
  func checkVectorsUsable() throws(Interruption) {
    let cr0 = core.cr0
    guard cr0.isDisjoint(with: [.emulation, .taskSwitched]), core.cr4.contains(.osFXSR) else {
      throw cr0.contains(.emulation) || !core.cr4.contains(.osFXSR) ? .invalidOpcode : .deviceNotAvailable
    }
  }

  /// That MMX registers may be used: #UD with CR0.EM, #NM with CR0.TS, #MF where an x87 exception
  /// waits (SDM Vol. 2, table 2-24).
  func checkMMXUsable() throws(Interruption) {
    if core.cr0.contains(.emulation) { throw .invalidOpcode }
    if core.cr0.contains(.taskSwitched) { throw .deviceNotAvailable }
    if core.isX87ErrorPending { throw .x87FloatingPoint }
  }

  private func executeEMMS() throws(Interruption) {
    try checkMMXUsable()
    core.setX87Top(0)
    core.x87Tags = 0
  }

  /// Any MMX or SSE instruction, by its stub.
  private func executeVector(_ instruction: borrowing Instruction) throws(Interruption) {
    guard let stub = native.stub(vector: instruction) else { throw .invalidOpcode }
    let traits = stub.traits
    if traits.contains(.usesVectors) { try checkVectorsUsable() }
    if traits.contains(.usesMMX) { try checkMMXUsable() }
    // Every run below is sound: the stub was just looked up, and its memory is where the operand is, or
    // the scratch page, which is larger than any.
    let byteCount = Int(instruction.memoryWidth)
    if byteCount == 0 {
      if traits.contains(.usesMMX) { core.enterMMX() }
      return unsafe try run(stub, memory: nil)
    }
    let linear = try linearVectorOperand(
      instruction, byteCount: byteCount, isWrite: traits.contains(.storesMemory),
      isUnaligned: traits.contains(.isUnaligned))
    if !traits.contains(.storesMemory) {
      let memory = unsafe try operandForReading(linear, byteCount: byteCount)
      if traits.contains(.usesMMX) { core.enterMMX() }
      return unsafe try run(stub, memory: memory)
    }
    // No store raises a floating-point exception.
    if let memory = unsafe core.hostForWriting(linear, width: UInt64(byteCount)) {
      if traits.contains(.usesMMX) { core.enterMMX() }
      return unsafe try run(stub, memory: memory)
    }
    try checkWrite(linear, byteCount: UInt64(byteCount))
    if traits.contains(.usesMMX) { core.enterMMX() }
    unsafe try run(stub, memory: native.scratch)
    try writeFromScratch(linear, byteCount: byteCount)
  }

  /// Runs a stub whose memory, if it has any, is as long as its operand; raises #XM, or #UD without CR4.OSXMMEXCPT, with nothing changed but MXCSR where it
  /// met a floating-point exception that the guest does not mask.
  @unsafe @inline(__always)
  private func run(_ stub: NativeStub, memory: UnsafeMutableRawPointer?) throws(Interruption) {
    let flags: UInt64
    if stub.traits.contains(.usesMXCSR), core.mxcsr & Core.MXCSR.exceptionMasks != Core.MXCSR.exceptionMasks {
      flags = unsafe try runUnmasked(stub, memory: memory)
    } else {
      flags = unsafe stub(core, memory: memory)
    }
    if stub.traits.contains(.writesFlags) { core.setStatusFlags(flags) }
  }
}
