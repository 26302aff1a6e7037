internal import Engine
internal import X86

/// What is read of the task-state segment: stacks for inner privilege levels (SDM Vol. 3A, 7.2.1, 7.6
/// and 7.7). Task switches are not carried out.
extension Interpreter {
  /// Whether TR holds a 16-bit TSS.
  private var isTaskState16: Bool { tr.attributes.type & 8 == 0 }

  /// Reads `width` bytes at `offset` of the TSS.
  ///
  /// - Throws: #TS with TR's selector where that is beyond the limit.
  private func readTaskState(_ offset: UInt64, width: UInt8, _ external: UInt32) throws(Interruption)
    -> UInt64
  {
    guard !tr.attributes.isUnusable, offset + UInt64(width) - 1 <= UInt64(tr.limit) else {
      throw .invalidTSS(tr.selector.errorCode(external))
    }
    return try readSystem(tr.base &+ offset, width: width)
  }

  /// The stack pointer of a 64-bit TSS: RSP0…RSP2, or one of the interrupt stack table.
  func stackPointer64(privilege: UInt8, interruptStack: UInt8, _ external: UInt32) throws(Interruption)
    -> UInt64
  {
    let offset =
      interruptStack == 0 ? 4 + 8 * UInt64(privilege) : 0x24 + 8 * UInt64((interruptStack &- 1) & 7)
    let pointer = try readTaskState(offset, width: 8, external)
    guard isCanonical(pointer, bits: 48) else { throw .stackFault(external) }
    return pointer
  }

  /// The stack that a 16- or 32-bit TSS has for an inner privilege level, checked as a change of
  /// privilege demands (SDM Vol. 2, INT n, "INTER-PRIVILEGE-LEVEL").
  func innerStack(privilege: UInt8, _ external: UInt32) throws(Interruption) -> StackCursor {
    let selector: UInt16
    let pointer: UInt64
    if isTaskState16 {
      let offset = 2 + 4 * UInt64(privilege)
      pointer = try readTaskState(offset, width: 2, external)
      selector = UInt16(truncatingIfNeeded: try readTaskState(offset + 2, width: 2, external))
    } else {
      let offset = 4 + 8 * UInt64(privilege)
      // The last byte of the selector is checked first: all of it or nothing is in the TSS.
      _ = try readTaskState(offset + 5, width: 1, external)
      pointer = try readTaskState(offset, width: 4, external)
      selector = UInt16(truncatingIfNeeded: try readTaskState(offset + 4, width: 2, external))
    }
    if selector.isNullSelector { throw .invalidTSS(external) }
    let code = selector.errorCode(external)
    guard let descriptor = try descriptor(selector) else { throw .invalidTSS(code) }
    let attributes = descriptor.attributes
    guard selector.requestedPrivilege == privilege, attributes.privilegeLevel == privilege,
      attributes.isWritable
    else { throw .invalidTSS(code) }
    guard attributes.isPresent else { throw .stackFault(code) }
    return StackCursor(
      segment: try accessedSegment(selector, descriptor), pointer: pointer,
      size: attributes.isDefault32 ? 4 : 2, privilege: .implicitSupervisor, faultCode: code)
  }

  /// Ends the run with a failure that says a task switch was asked for.
  ///
  /// Hardware task switching is the one thing of protected mode that this engine lacks: no system since
  /// the 1990s uses it but for an i386 kernel's double-fault handler.
  func taskSwitchUnsupported() -> Interruption {
    emulationFailure(code: EmulationFailure.taskSwitch)
  }
}
