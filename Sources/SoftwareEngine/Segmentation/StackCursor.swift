internal import X86

/// A stack that is filled before it is the CPU's: the frame of an interrupt or a far call. The registers
/// stay as they are until all of it is written.
struct StackCursor {
  /// What SS will be.
  var segment: Segment
  /// What RSP will be.
  var pointer: UInt64
  /// Bytes of the stack pointer that count: 2, 4 or 8.
  var size: UInt8
  /// With whose rights the stack is written.
  var privilege: MemoryAccess.Privilege
  /// The error code of #SS where the frame does not fit.
  var faultCode: UInt32 = 0
}

extension Interpreter {
  /// The stack as it is now.
  func currentStack(faultCode: UInt32 = 0) -> StackCursor {
    StackCursor(
      segment: segment(.ss), pointer: core.rsp, size: core.stackSize, privilege: instructionPrivilege,
      faultCode: faultCode)
  }

  /// Pushes `width` bytes (2, 4 or 8).
  ///
  /// - Throws: #SS, #PF, or that the stack lies in a device.
  func push(_ value: UInt64, width: UInt8, on stack: inout StackCursor) throws(Interruption) {
    let offset = (stack.pointer &- UInt64(width)) & mask(stack.size)
    let linear = try stackAddress(stack, offset, byteCount: UInt64(width))
    if stack.privilege == .implicitSupervisor {
      try writeSystem(linear, width: width, value)
    } else {
      try writeLinearSlowly(linear, width: width, value, privilege: stack.privilege)
    }
    stack.pointer = stack.size == 8 ? offset : stack.pointer & ~mask(stack.size) | offset
  }

  /// The linear address of `byteCount` bytes at `offset` of a stack.
  private func stackAddress(_ stack: StackCursor, _ offset: UInt64, byteCount: UInt64) throws(Interruption)
    -> UInt64
  {
    if stack.size == 8 {
      guard isCanonical(offset, bits: 48), isCanonical(offset &+ (byteCount &- 1), bits: 48) else {
        throw .stackFault(stack.faultCode)
      }
      return offset
    }
    let attributes = stack.segment.attributes
    let limit = UInt64(stack.segment.limit)
    let last = offset &+ (byteCount &- 1)
    if attributes.isExpandDown {
      let top: UInt64 = attributes.isDefault32 ? 0xFFFF_FFFF : 0xFFFF
      guard offset > limit, last <= top else { throw .stackFault(stack.faultCode) }
    } else {
      guard last <= limit else { throw .stackFault(stack.faultCode) }
    }
    if !isRealAddressing, attributes.isUnusable || !attributes.isWritable {
      throw .stackFault(stack.faultCode)
    }
    return (stack.segment.base &+ offset) & 0xFFFF_FFFF
  }

  /// The frame is written: the stack is the CPU's from here on. The caller calls `modeDidChange`.
  func adopt(_ stack: StackCursor) {
    setSegment(.ss, stack.segment)
    if stack.size == 2 {
      core.setGeneral(4, width: 2, stack.pointer)
    } else {
      core.rsp = stack.size == 4 ? stack.pointer & 0xFFFF_FFFF : stack.pointer
    }
  }
}
