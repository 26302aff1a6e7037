internal import X86

/// The x87: executed by the host's, on the guest's registers and under the guest's control word.
extension Interpreter {
  func executeX87(_ instruction: borrowing Instruction) throws(Interruption) {
    let cr0 = core.cr0
    if instruction.operation == .fwait {
      if cr0.contains([.monitorCoprocessor, .taskSwitched]) { throw .deviceNotAvailable }
      return try checkX87Error()
    }
    guard cr0.isDisjoint(with: [.emulation, .taskSwitched]) else { throw .deviceNotAvailable }
    switch instruction.operation {
    // These do not wait for what earlier instructions left.
    case .fninit: core.initializeX87Control()
    case .fnclex:
      core.x87StatusWord &= ~(Core.StatusWord.exceptionFlags | Core.StatusWord.stackFault)
      core.updateX87ErrorSummary()
    case .fnstcw: try write(instruction, 0, UInt64(core.x87ControlWord))
    case .fnstsw: try write(instruction, 0, UInt64(core.x87StatusWord))
    case .fnstenv: try storeX87Environment(instruction)
    case .fnsave: try saveX87(instruction)
    case .fndisi, .fneni, .fnsetpm: break
    default:
      try checkX87Error()
      switch instruction.operation {
      case .fldcw:
        core.x87ControlWord = UInt16(truncatingIfNeeded: try read(instruction, 0))
        core.updateX87ErrorSummary()
      case .fldenv: try loadX87Environment(instruction)
      case .frstor: try restoreX87(instruction)
      default: try executeX87Stub(instruction)
      }
    }
  }

  /// #MF where an exception of an earlier instruction waits to be reported. With CR0.NE clear a PC
  /// would raise IRQ 13 through FERR#; here it is #MF then too, as on processors under VT-x, which
  /// cannot clear NE.
  private func checkX87Error() throws(Interruption) {
    if core.isX87ErrorPending { throw .x87FloatingPoint }
  }

  private func executeX87Stub(_ instruction: borrowing Instruction) throws(Interruption) {
    guard let stub = native.stub(x87: instruction) else { throw .invalidOpcode }
    // Every run below is sound: the stub was just looked up, and its memory is where the operand is, or
    // the scratch page, which is larger than any.
    let byteCount = Int(instruction.memoryWidth)
    if byteCount == 0 {
      let flags = unsafe run(stub, instruction, memory: nil, linear: 0)
      if stub.traits.contains(.writesFlags) { core.setStatusFlags(flags) }
      return
    }
    guard stub.traits.contains(.storesMemory) else {
      let linear = try linearOperand(instruction, byteCount: UInt64(byteCount), isWrite: false)
      let memory = unsafe try operandForReading(linear, byteCount: byteCount)
      _ = unsafe run(stub, instruction, memory: memory, linear: linear)
      return
    }
    var linear: UInt64 = 0
    var segmentFault: Interruption?
    do throws(Interruption) {
      linear = try linearOperand(instruction, byteCount: UInt64(byteCount), isWrite: true)
      if let memory = unsafe core.hostForWriting(linear, width: UInt64(byteCount)) {
        _ = unsafe run(stub, instruction, memory: memory, linear: linear)
        return
      }
    } catch {
      segmentFault = error
    }
    let image = ImageCopy(core)
    _ = unsafe run(stub, instruction, memory: native.scratch, linear: linear)
    // An exception that is not masked stores nothing, so that no address matters; but for the inexact
    // result, which it reports after the fact.
    let raised = core.x87StatusWord & ~core.x87ControlWord & Core.StatusWord.exceptionFlags
    if raised & ~Self.precision != 0 { return }
    do throws(Interruption) {
      if let segmentFault { throw segmentFault }
      try writeFromScratch(linear, byteCount: byteCount)
    } catch {
      // The register stack must be as before if the instruction is to be executed again.
      image.restore(core)
      throw error
    }
  }

  private static var precision: UInt16 { 1 << 5 }

  /// Runs a stub, and puts the guest's pointers where the CPU saved the host's: those of the
  /// instruction in the stub, and of the operand as the host sees it.
  @unsafe
  private func run(
    _ stub: NativeStub, _ instruction: borrowing Instruction, memory: UnsafeMutableRawPointer?,
    linear: UInt64
  ) -> UInt64 {
    // Not every CPU saves the opcode without an exception: a value that only the stub leaves tells.
    let before = core.x87Opcode
    if before == stub.x87Opcode { core.x87Opcode = before ^ 1 }
    let flags = unsafe stub(core, memory: stub.traits.contains(.readsFlags) ? statusFlagsOperand : memory)
    if core.x87InstructionPointer == stub.x87InstructionAddress {
      core.x87InstructionPointer = isRealStyle ? (segmentBase(.cs) &+ core.rip) & 0xFFFF_FFFF : core.rip
    }
    if let memory = unsafe memory, core.x87DataPointer == UInt64(UInt(bitPattern: memory)) {
      core.x87DataPointer = isRealStyle ? linear : offset(instruction)
    }
    if core.x87Opcode == stub.x87Opcode {
      core.x87Opcode = UInt16(instruction.opcode & 7) << 8 | UInt16(instruction.modRM)
    } else if before == stub.x87Opcode, core.x87Opcode == before ^ 1 {
      core.x87Opcode = before
    }
    return flags
  }

  /// The status flags, handed over in place of an address.
  @unsafe
  private var statusFlagsOperand: UnsafeMutableRawPointer? {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(core.statusFlags | 2))
  }

  /// Real and virtual-8086 mode, where pointers are kept as linear addresses.
  var isRealStyle: Bool {
    !core.cr0.contains(.protectionEnable) || core.systemFlags.contains(.virtual8086)
  }
}
