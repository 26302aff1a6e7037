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

  /// MOV and POP to a segment register; CS the decoder refuses. A load of SS holds interrupts and traps
  /// back, so that the stack pointer can follow (SDM Vol. 3A, 6.8.3).
  func moveToSegment(_ name: SegmentName, _ selector: UInt16) throws(Interruption) {
    try loadSegment(name, selector)
    if name == .ss { events.isShadowedByMOVSS = true }
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
