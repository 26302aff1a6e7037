internal import Engine
internal import X86

/// INS and OUTS (SDM Vol. 2): one item, or with REP as many as lie in a page of RAM, which the run loop
/// then hands to the device in one exit.
extension Interpreter {
  /// One item of INS. That memory can be written is checked before the device is asked.
  func inputItem(_ item: StringItem) throws(Interruption) {
    let port = try portOfString(item)
    let linear = try destination(item, isWrite: true)
    try checkWrite(linear, byteCount: UInt64(item.width))
    try writeLinear(linear, width: item.width, try readPort(port, width: item.width))
  }

  /// One item of OUTS.
  func outputItem(_ item: StringItem) throws(Interruption) {
    let port = try portOfString(item)
    try writePort(port, width: item.width, try readSource(item))
  }

  /// DX, if the code may use it.
  func portOfString(_ item: StringItem) throws(Interruption) -> UInt16 {
    let port = UInt16(truncatingIfNeeded: core.rdx)
    try checkPortAccess(port, width: item.width)
    return port
  }

  /// Several items of INS or OUTS in one exit; none if there is only one, or memory is not RAM.
  func transferItems(_ item: StringItem) throws(Interruption) -> StringProgress {
    let port = try portOfString(item)
    let isInput = item.operation == .ins
    let segment = isInput ? SegmentName.es : item.segment
    let offset = core.general(isInput ? 7 : 6, width: item.addressSize)
    let answered = deviceAccesses.takeItems()
    if answered != 0 { return try finishTransfer(item, segment, offset, UInt64(answered)) }

    // An item alone may be under way already.
    guard !deviceAccesses.isUnderWay,
      let count = itemCount(item, segment, offset, isWrite: isInput), count > 1
    else { return StringProgress(count: 0, isOver: false) }
    let byteCount = count &* UInt64(item.width)
    guard let linear = try? linearAddress(segment, offset, byteCount: byteCount, isWrite: isInput) else {
      return StringProgress(count: 0, isOver: false)
    }
    let physical = try translate(linear, for: MemoryAccess(isInput ? .write : .read, instructionPrivilege))
    guard let page = unsafe memory.host(ofPage: physical & ~0xFFF), unsafe !(isInput && page.isReadOnly)
    else { return StringProgress(count: 0, isOver: false) }
    if !isInput {
      // Sound: the items lie in one page, and the buffer holds a page.
      unsafe deviceAccesses.buffer.copyMemory(
        from: page.address + Int(physical & 0xFFF), byteCount: Int(byteCount))
    }
    let data = deviceAccesses.askItems(UInt32(truncatingIfNeeded: count), byteCount: Int(byteCount))
    pendingExit = .portIO(
      PortAccess(
        port: port, width: item.width, direction: isInput ? .read : .write,
        count: UInt32(truncatingIfNeeded: count), data: data))
    throw .deviceAccess
  }

  /// The device has answered: what it gave goes to memory, and the registers move.
  private func finishTransfer(
    _ item: StringItem, _ segment: SegmentName, _ offset: UInt64, _ count: UInt64
  ) throws(Interruption) -> StringProgress {
    let byteCount = count &* UInt64(item.width)
    let isInput = item.operation == .ins
    if isInput {
      let linear = try linearAddress(segment, offset, byteCount: byteCount, isWrite: true)
      // Sound: the buffer holds a page, and more were not asked for.
      unsafe try writeBytes(linear, from: deviceAccesses.buffer, byteCount: Int(byteCount))
    }
    deviceAccesses.forget()
    moveIndexes(item, source: !isInput, destination: isInput, by: count)
    countDown(item, by: count)
    return StringProgress(count: count, isOver: core.general(1, width: item.addressSize) == 0)
  }
}
