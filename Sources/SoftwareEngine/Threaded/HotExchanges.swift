// Exchanges with memory in the threaded tier: XCHG, XADD, CMPXCHG, with or without LOCK; and what
// converts or turns a register in place. vCPUs take turns, so each is atomic.

@inline(__always)
func exchange<Word: HotWord>(_ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer)
  -> UInt
{
  let (core, operation) = unsafe parts(block, place)
  return modify(word, at: operation.address(core), core, operation) { found in
    let value = core.load(word, at: operation.source)
    core.setRegister(found, at: operation.source)
    return value
  }
}

@inline(__always)
func exchangeAndAdd<Word: HotWord>(
  _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return modify(word, at: operation.address(core), core, operation) { found in
    let sum = HotAdd.apply(core, found, core.load(word, at: operation.source))
    core.setRegister(found, at: operation.source)
    return sum
  }
}

@inline(__always)
func compareAndExchange<Word: HotWord>(
  _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return modify(word, at: operation.address(core), core, operation) { found in
    let expected = core.load(word, at: 0)
    _ = HotCompare.apply(core, expected, found)
    if found == expected { return core.load(word, at: operation.source) }
    core.setRegister(found, at: 0)
    return found
  }
}

enum HotExchangeHandlers {
  static let exchange8 = ThreadedHandler { unsafe exchange(UInt8.self, $0, $1) }
  static let exchange32 = ThreadedHandler { unsafe exchange(UInt32.self, $0, $1) }
  static let exchange64 = ThreadedHandler { unsafe exchange(UInt64.self, $0, $1) }
  static let add32 = ThreadedHandler { unsafe exchangeAndAdd(UInt32.self, $0, $1) }
  static let add64 = ThreadedHandler { unsafe exchangeAndAdd(UInt64.self, $0, $1) }
  static let compare32 = ThreadedHandler { unsafe compareAndExchange(UInt32.self, $0, $1) }
  static let compare64 = ThreadedHandler { unsafe compareAndExchange(UInt64.self, $0, $1) }

  // MARK: Registers in place

  /// CDQE.
  static let signExtend32 = ThreadedHandler {
    let (core, operation) = unsafe parts($0, $1)
    core.rax = UInt64(bitPattern: Int64(core.load(Int32.self, at: 0)))
    return next(core, operation)
  }
  /// CWDE.
  static let signExtend16 = ThreadedHandler {
    let (core, operation) = unsafe parts($0, $1)
    core.rax = UInt64(UInt32(bitPattern: Int32(core.load(Int16.self, at: 0))))
    return next(core, operation)
  }
  /// CDQ.
  static let signToDX32 = ThreadedHandler {
    let (core, operation) = unsafe parts($0, $1)
    core.rdx = UInt64(UInt32(bitPattern: core.load(Int32.self, at: 0) >> 31))
    return next(core, operation)
  }
  /// CQO.
  static let signToDX64 = ThreadedHandler {
    let (core, operation) = unsafe parts($0, $1)
    core.rdx = UInt64(bitPattern: core.load(Int64.self, at: 0) >> 63)
    return next(core, operation)
  }
  /// BSWAP.
  static let swapBytes32 = ThreadedHandler {
    let (core, operation) = unsafe parts($0, $1)
    core.setRegister(core.load(UInt32.self, at: operation.destination).byteSwapped, at: operation.destination)
    return next(core, operation)
  }
  static let swapBytes64 = ThreadedHandler {
    let (core, operation) = unsafe parts($0, $1)
    core.setRegister(core.load(UInt64.self, at: operation.destination).byteSwapped, at: operation.destination)
    return next(core, operation)
  }
}
