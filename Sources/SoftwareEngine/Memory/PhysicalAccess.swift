internal import Engine

/// Accesses by physical address: RAM, or a device through the run loop.
extension Interpreter {
  /// Reads `width` bytes, 1…8, that do not cross a page.
  func readPhysical(_ address: UInt64, width: UInt8) throws(Interruption) -> UInt64 {
    guard let page = unsafe memory.host(ofPage: address & ~0xFFF) else {
      return try readDevice(address, width: width)
    }
    let source = unsafe page.address + Int(address & 0xFFF)
    // Sound: the bytes lie in the page.
    switch width {
    case 8: return unsafe source.loadUnaligned(as: UInt64.self)
    case 4: return UInt64(unsafe source.loadUnaligned(as: UInt32.self))
    case 2: return UInt64(unsafe source.loadUnaligned(as: UInt16.self))
    case 1: return UInt64(unsafe source.load(as: UInt8.self))
    default:
      var value: UInt64 = 0
      for index in (0..<Int(width)).reversed() {
        value = value << 8 | UInt64(unsafe source.load(fromByteOffset: index, as: UInt8.self))
      }
      return value
    }
  }

  /// Writes `width` bytes, 1…8, that do not cross a page.
  func writePhysical(_ address: UInt64, width: UInt8, _ value: UInt64) throws(Interruption) {
    guard let page = unsafe memory.host(ofPage: address & ~0xFFF), unsafe !page.isReadOnly else {
      return try writeDevice(address, width: width, value)
    }
    let target = unsafe page.address + Int(address & 0xFFF)
    // Sound: the bytes lie in the page.
    switch width {
    case 8: unsafe target.storeBytes(of: value, as: UInt64.self)
    case 4: unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
    case 2: unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
    default:
      for index in 0..<Int(width) {
        unsafe target.storeBytes(
          of: UInt8(truncatingIfNeeded: value >> UInt64(8 * index)), toByteOffset: index, as: UInt8.self)
      }
    }
    codeCache.didWrite(address, byteCount: UInt64(width))
  }

  private func readDevice(_ address: UInt64, width: UInt8) throws(Interruption) -> UInt64 {
    if let answer = deviceAccesses.nextAnswer() { return answer }
    let data = deviceAccesses.ask(address, width: width, direction: .read, value: 0)
    pendingExit = .mmio(MMIOAccess(address: address, width: width, direction: .read, data: data))
    throw .deviceAccess
  }

  private func writeDevice(_ address: UInt64, width: UInt8, _ value: UInt64) throws(Interruption) {
    if deviceAccesses.nextAnswer() != nil { return }
    let data = deviceAccesses.ask(address, width: width, direction: .write, value: value)
    pendingExit = .mmio(MMIOAccess(address: address, width: width, direction: .write, data: data))
    throw .deviceAccess
  }

  /// One item of IN: `width` bytes, 1, 2 or 4.
  func readPort(_ port: UInt16, width: UInt8) throws(Interruption) -> UInt64 {
    if watchesPorts { notePortAccess(port, width: width) }
    if let answer = deviceAccesses.nextAnswer() { return answer }
    let data = deviceAccesses.ask(UInt64(port), width: width, direction: .read, value: 0)
    pendingExit = .portIO(PortAccess(port: port, width: width, direction: .read, count: 1, data: data))
    throw .deviceAccess
  }

  /// One item of OUT: `width` bytes, 1, 2 or 4.
  func writePort(_ port: UInt16, width: UInt8, _ value: UInt64) throws(Interruption) {
    if watchesPorts { notePortAccess(port, width: width) }
    if deviceAccesses.nextAnswer() != nil { return }
    let data = deviceAccesses.ask(UInt64(port), width: width, direction: .write, value: value)
    pendingExit = .portIO(PortAccess(port: port, width: width, direction: .write, count: 1, data: data))
    throw .deviceAccess
  }
}
