internal import X86

/// The execution of one instruction: which family it belongs to.
extension Interpreter {
  /// Executes one decoded instruction at `core.rip` and moves RIP on.
  ///
  /// - Throws: why it did not complete. RIP and the general registers are as before then, but for the
  ///   iterations of a repeated string instruction that are done.
  func execute(_ instruction: borrowing Instruction) throws(Interruption) {
    let size = core.codeSize
    nextRIP = (core.rip &+ UInt64(instruction.length)) & (size == 8 ? .max : 0xFFFF_FFFF)
    if size == 2, !core.cr0.contains(.protectionEnable) { nextRIP &= 0xFFFF }
    deviceAccesses.rewind()
    try dispatch(instruction)
    core.rip = nextRIP
    deviceAccesses.forget()
  }

  private func dispatch(_ instruction: borrowing Instruction) throws(Interruption) {
    guard model.has(instruction.feature) else {
      // F3 0F 1E FA is a NOP to a CPU without shadow stacks, F3 0F BC a BSF to one without BMI1.
      guard let operation = instruction.operation.withoutFeature else { throw undefinedInstruction() }
      var older = copy instruction
      older.operation = operation
      older.feature = .base
      return try dispatch(older)
    }
    if assistance.leavesSystemToHardware, instruction.belongsToHardware { throw handOver() }
    if instruction.prefixes.contains(.vex) {
      // VEX is for protected mode only (SDM Vol. 2, 2.3 and 2.5).
      guard core.cr0.contains(.protectionEnable), !core.systemFlags.contains(.virtual8086) else {
        throw .invalidOpcode
      }
    }
    switch InstructionFamily(instruction.operation) {
    case .arithmetic: try executeArithmetic(instruction)
    case .shift: try executeShift(instruction)
    case .bit: try executeBit(instruction)
    case .decimal: try executeDecimal(instruction)
    case .move: try executeMove(instruction)
    case .string: try executeString(instruction)
    case .stack: try executeStack(instruction)
    case .branch: try executeBranch(instruction)
    case .farTransfer: try executeFarTransfer(instruction)
    case .flag: try executeFlag(instruction)
    case .port: try executePort(instruction)
    case .segmentation: try executeSegmentation(instruction)
    case .system: try executeSystem(instruction)
    case .extendedState: try executeExtendedState(instruction)
    case .native: try executeNative(instruction)
    case .cacheLine: try executeCacheLine(instruction)
    case .nothing: break
    case .undefined: throw instruction.isAlwaysUndefined ? .invalidOpcode : undefinedInstruction()
    }
  }
}
