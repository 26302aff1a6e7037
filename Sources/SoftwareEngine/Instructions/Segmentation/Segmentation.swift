internal import X86

/// Segment registers and descriptor tables.
extension Interpreter {
  func executeSegmentation(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .lds: try loadFarPointer(.ds, instruction)
    case .les: try loadFarPointer(.es, instruction)
    case .lfs: try loadFarPointer(.fs, instruction)
    case .lgs: try loadFarPointer(.gs, instruction)
    case .lss: try loadFarPointer(.ss, instruction)
    case .lgdt, .lidt: try loadTableRegister(instruction)
    case .sgdt: try storeTableRegister(gdt, instruction)
    case .sidt: try storeTableRegister(idt, instruction)
    case .lldt: try loadLocalTable(instruction)
    case .ltr: try loadTaskRegister(instruction)
    case .sldt: try storeSystemSelector(ldt.selector, instruction)
    case .str: try storeSystemSelector(tr.selector, instruction)
    case .lar: try loadAccessRights(instruction)
    case .lsl: try loadSegmentLimit(instruction)
    case .verr: try verifySegment(instruction, forWriting: false)
    case .verw: try verifySegment(instruction, forWriting: true)
    case .arpl: try adjustRequestedPrivilege(instruction)
    case .swapgs: try swapGSBase()
    case .rdfsbase, .rdgsbase, .wrfsbase, .wrgsbase: try accessSegmentBase(instruction)
    default: throw .invalidOpcode
    }
  }

  // MARK: Moves

  /// MOV to a segment register (operand 0); CS the decoder refuses.
  func moveToSegment(_ instruction: borrowing Instruction) throws(Interruption) {
    guard case .segment(let name) = instruction.operands[0] else { throw .invalidOpcode }
    let selector = UInt16(truncatingIfNeeded: try read(instruction, 1))
    try loadSegment(name, selector)
    shadowInterrupts(after: name)
  }

  /// MOV from a segment register (operand 1): zero-extended in a register, two bytes in memory.
  func moveFromSegment(_ instruction: borrowing Instruction) throws(Interruption) {
    guard case .segment(let name) = instruction.operands[1] else { throw .invalidOpcode }
    try write(instruction, 0, UInt64(selector(name)))
  }

  /// POP of a segment register (operand 0).
  func popToSegment(_ instruction: borrowing Instruction) throws(Interruption) {
    guard case .segment(let name) = instruction.operands[0] else { throw .invalidOpcode }
    let width = instruction.operandSize
    let selector = UInt16(truncatingIfNeeded: try peek(width: width))
    // Where SS changes, it is still the old stack that the selector is taken from.
    let stackSize = core.stackSize
    try loadSegment(name, selector)
    core.setGeneral(4, width: stackSize, core.rsp &+ UInt64(width))
    shadowInterrupts(after: name)
  }

  /// A load of SS holds interrupts and traps back, so that the stack pointer can follow (SDM Vol. 3A,
  /// 6.8.3).
  private func shadowInterrupts(after name: SegmentName) {
    guard name == .ss else { return }
    events.isShadowedByMOVSS = true
    lookUpSoon()
  }

  /// LDS, LES, LFS, LGS and LSS.
  private func loadFarPointer(_ name: SegmentName, _ instruction: borrowing Instruction) throws(Interruption)
  {
    let (selector, offset) = try readFarPointer(instruction)
    try loadSegment(name, selector)
    try write(instruction, 0, offset)
  }

  // MARK: Bases in 64-bit mode

  private func swapGSBase() throws(Interruption) {
    guard core.privilege == 0 else { throw .generalProtection() }
    let base = segmentBase(.gs)
    setSegmentBase(.gs, modelSpecific.kernelGSBase)
    modelSpecific.kernelGSBase = base
  }

  private func accessSegmentBase(_ instruction: borrowing Instruction) throws(Interruption) {
    guard core.cr4.contains(.fsgsbase) else { throw .invalidOpcode }
    let operation = instruction.operation
    let name: SegmentName = operation == .rdfsbase || operation == .wrfsbase ? .fs : .gs
    if operation == .rdfsbase || operation == .rdgsbase {
      return try write(instruction, 0, segmentBase(name))
    }
    let base = try read(instruction, 0)
    guard isCanonical(base, bits: 48) else { throw .generalProtection() }
    setSegmentBase(name, base)
  }
}
