internal import X86

/// SSE with floating-point exceptions that the guest does not mask. The host's stay masked, so that
/// none is ever a signal: the instruction runs, and is undone where it should have faulted.
extension Interpreter {
  /// Runs a stub with all exceptions masked, and reports those the guest does not mask.
  ///
  /// - Throws: #XM, or #UD without CR4.OSXMMEXCPT; no register but MXCSR has changed then
  ///   (SDM Vol. 1, 11.5).
  @unsafe @inline(never)
  func runUnmasked(_ stub: NativeStub, memory: UnsafeMutableRawPointer?) throws(Interruption) -> UInt64 {
    let wanted = core.mxcsr
    let unmasked = ~(wanted >> 7) & Core.MXCSR.exceptionFlags
    let image = ImageCopy(core)
    let general = stub.writtenGeneral.map { core[$0] } ?? 0
    func undo() {
      image.restore(core)
      if let number = stub.writtenGeneral { core[number] = general }
    }

    // Flushing to zero is off where underflow is not masked (SDM Vol. 1, 10.2.3.3).
    let isUnderflowUnmasked = unmasked & Self.underflow != 0
    var control = wanted & ~Core.MXCSR.exceptionFlags | Core.MXCSR.exceptionMasks
    if isUnderflowUnmasked { control &= ~Core.MXCSR.flushToZero }
    core.mxcsr = control
    var flags = unsafe stub(core, memory: memory)
    var raised = core.mxcsr & Core.MXCSR.exceptionFlags
    if isUnderflowUnmasked {
      // Masked, underflow is a tiny result that is inexact; not masked, any tiny result. A second run
      // that flushes to zero tells: it reports every tiny result, and changes nothing if there is none.
      undo()
      core.mxcsr = control | Core.MXCSR.flushToZero
      flags = unsafe stub(core, memory: memory)
      raised |= core.mxcsr & Self.underflow
    }
    // Those found before computing keep the others from being looked for (SDM Vol. 1, 11.5.1).
    if raised & unmasked & Self.beforeComputation != 0 { raised &= Self.beforeComputation }
    if raised & unmasked != 0 {
      undo()
      core.mxcsr = wanted | raised
      throw core.cr4.contains(.osXMMExceptions) ? .simdFloatingPoint : .invalidOpcode
    }
    core.mxcsr = wanted | raised
    return flags
  }

  private static var underflow: UInt32 { 1 << 4 }
  /// Invalid operation, denormal operand, division by zero.
  private static var beforeComputation: UInt32 { 7 }
}

/// The x87 and SSE registers, put aside.
struct ImageCopy {
  private var words = InlineArray<64, UInt64>(repeating: 0)

  init(_ core: Core) {
    for index in 0..<64 { words[index] = core.load(at: CoreLayout.extended &+ index &* 8) }
  }

  func restore(_ core: Core) {
    for index in 0..<64 { core.store(words[index], at: CoreLayout.extended &+ index &* 8) }
  }
}
