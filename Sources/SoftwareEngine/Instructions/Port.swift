internal import X86

/// IN and OUT, and who may (SDM Vol. 1, 19.5; Vol. 2, "IN", "OUT").
extension Interpreter {
  /// Executes IN or OUT.
  func executePort(_ instruction: borrowing Instruction) throws(Interruption) {
    if instruction.operation == .in {
      let width = width(instruction, 0)
      let port = UInt16(truncatingIfNeeded: try read(instruction, 1))
      try checkPortAccess(port, width: width)
      core.setGeneral(0, width: width, try readPort(port, width: width))
    } else {
      let width = width(instruction, 1)
      let port = UInt16(truncatingIfNeeded: try read(instruction, 0))
      try checkPortAccess(port, width: width)
      try writePort(port, width: width, core.general(0, width: width))
    }
  }

  /// Whether the code that runs may use `width` ports from `port` on: by its privilege level, or by
  /// the I/O permission bitmap of its task.
  ///
  /// - Throws: #GP(0), or what reading the task-state segment raises.
  func checkPortAccess(_ port: UInt16, width: UInt8) throws(Interruption) {
    guard core.cr0.contains(.protectionEnable) else { return }
    let flags = core.systemFlags
    // In virtual-8086 mode the bitmap alone decides.
    if !flags.contains(.virtual8086), core.privilege <= flags.ioPrivilegeLevel { return }
    let type = tr.attributes.type
    guard !tr.attributes.isUnusable, !tr.attributes.isCodeOrData,
      type == SystemSegmentType.busyTSS || type == SystemSegmentType.availableTSS,
      tr.limit >= Self.bitmapPointer &+ 1
    else { throw .generalProtection() }
    let start = try readSystem(tr.base &+ UInt64(Self.bitmapPointer), width: 2)
    // Two bytes are read even if the bits lie in one: so the bitmap ends with a byte of ones.
    let offset = start &+ UInt64(port >> 3)
    guard offset &+ 1 <= UInt64(tr.limit) else { throw .generalProtection() }
    let bits = try readSystem(tr.base &+ offset, width: 2) >> UInt64(port & 7)
    guard bits & (1 << UInt64(width) &- 1) == 0 else { throw .generalProtection() }
  }

  /// Where a 32- or 64-bit task-state segment says at which offset its bitmap begins.
  private static let bitmapPointer: UInt32 = 0x66
}
