internal import X86

/// RET to another segment, and what it has in common with IRET: the change to an outer privilege level
/// (SDM Vol. 2, RET and IRET).
extension Interpreter {
  func returnFar(operandSize width: UInt8, release: UInt64) throws(Interruption) {
    let step = UInt64(width)
    let target = try peek(width: width)
    let selector = UInt16(truncatingIfNeeded: try peek(width: width, at: step))
    if isRealAddressing {
      let code = realSegment(.cs, selector)
      try checkTarget(target, in: code)
      dropStack(2 * step &+ release)
      return enterCode(code, target)
    }
    let code = try returnCode(selector)
    if selector.requestedPrivilege == core.privilege {
      try checkTarget(target, in: code)
      dropStack(2 * step &+ release)
      return enterCode(code, target)
    }
    let outer = try outerStack(code, at: 2 * step &+ release, width: width)
    try checkTarget(target, in: code)
    enterOuter(code, target, outer, release: release)
  }

  /// The stack of an outer privilege level, as far as a return took it from the inner stack.
  struct OuterStack {
    var segment: Segment
    var pointer: UInt64
  }

  /// Reads the stack pointer and SS that lie `distance` bytes above the top of the stack, and checks
  /// them for code in `code`.
  func outerStack(_ code: Segment, at distance: UInt64, width: UInt8) throws(Interruption) -> OuterStack {
    let pointer = try peek(width: width, at: distance)
    let selector = UInt16(truncatingIfNeeded: try peek(width: width, at: distance &+ UInt64(width)))
    return OuterStack(
      segment: try stackSegment(
        selector, privilege: code.selector.requestedPrivilege, isFor64Bit: is64Bit(code)),
      pointer: pointer)
  }

  /// Goes on with code and stack of the privilege level that the selector of `code` requests.
  func enterOuter(_ code: Segment, _ target: UInt64, _ stack: OuterStack, release: UInt64 = 0) {
    let isOuter = code.selector.requestedPrivilege > core.privilege
    setSegment(.ss, stack.segment)
    let pointer = stack.pointer &+ release
    if is64Bit(code) {
      core.rsp = pointer
    } else {
      core.setGeneral(4, width: stack.segment.isDefault32 ? 4 : 2, pointer)
    }
    enterCode(code, target)
    if isOuter { dropInnerSegments() }
  }
}
