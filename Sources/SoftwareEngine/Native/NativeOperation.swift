internal import X86

/// An SSE instruction ready to be executed over and over: its stub, and what is to be known of its
/// operand in memory. For the threaded tier, which decodes once.
struct NativeOperation {
  /// Where an operand of it is.
  enum Memory {
    /// Nowhere in memory.
    case none
    /// There it is read.
    case source
    /// There it is written.
    case destination
  }

  /// Good until `NativeCode.dropKeptStubs`.
  let stub: NativeStub
  let memory: Memory
  /// Bytes of the operand in memory: 0 where it has none.
  let byteCount: UInt8
  /// An address with one of these bits set is #GP, which the plain tier raises.
  let alignmentMask: UInt8
}

extension NativeCode {
  /// The operation of an SSE instruction that touches XMM and general registers only; nil for every
  /// other instruction, and where it has to be left to the plain tier.
  func operation(for instruction: borrowing Instruction) -> NativeOperation? {
    switch instruction.operation {
    case .maskmovdqu, .maskmovq, .emms: return nil
    default: break
    }
    guard InstructionFamily(instruction.operation) == .native else { return nil }
    let traits = NativeTraits(vector: instruction)
    guard traits.contains(.usesVectors), !traits.contains(.usesMMX),
      let stub = keptStub(vector: instruction)
    else { return nil }
    for index in 0..<4 {
      guard case .memory(let width) = instruction.operands[index] else { continue }
      return NativeOperation(
        stub: stub, memory: traits.contains(.storesMemory) ? .destination : .source,
        byteCount: UInt8(truncatingIfNeeded: width),
        alignmentMask: width == 16 && !traits.contains(.isUnaligned) ? 15 : 0)
    }
    return NativeOperation(stub: stub, memory: .none, byteCount: 0, alignmentMask: 0)
  }
}

extension Core {
  /// Executes the operation if nothing is in its way: XMM registers may be used, and no exception that
  /// it can raise is unmasked. Else does nothing and returns false: the plain tier has to.
  ///
  /// - Parameter memory: the host address of the operand in memory, checked for alignment; nil where
  ///   there is none.
  /// - Safety: `memory` must be `operation.byteCount` bytes, and the operation's stub not dropped.
  @unsafe @inline(__always)
  func execute(_ operation: NativeOperation, memory: UnsafeMutableRawPointer?) -> Bool {
    guard cr0.isDisjoint(with: [.emulation, .taskSwitched]), cr4.contains(.osFXSR) else { return false }
    let traits = operation.stub.traits
    if traits.contains(.usesMXCSR), mxcsr & MXCSR.exceptionMasks != MXCSR.exceptionMasks { return false }
    let flags = unsafe operation.stub(self, memory: memory)
    if traits.contains(.writesFlags) { setStatusFlags(flags) }
    return true
  }
}
