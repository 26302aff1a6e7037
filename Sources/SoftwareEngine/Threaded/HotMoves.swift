// Moves in the threaded tier: registers, memory, immediates, extensions, addresses.

/// Register to register, `From` extended to `To` with zeros, or with its sign where it is signed.
@inline(__always)
func moveRegister<From: FixedWidthInteger & BitwiseCopyable, To: HotWord>(
  _: From.Type, _: To.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  core.setRegister(
    To(truncatingIfNeeded: core.load(From.self, at: operation.source)), at: operation.destination)
  return next(core, operation)
}

/// Memory to register, extended likewise.
@inline(__always)
func moveLoad<From: FixedWidthInteger & BitwiseCopyable, To: HotWord>(
  _ from: From.Type, _: To.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return read(from, at: operation.address(core), core, operation) { value in
    core.setRegister(To(truncatingIfNeeded: value), at: operation.destination)
    return next(core, operation)
  }
}

/// Register to memory.
@inline(__always)
func moveStore<Word: FixedWidthInteger & BitwiseCopyable>(
  _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return write(core.load(word, at: operation.source), at: operation.address(core), core, operation) {
    next(core, operation)
  }
}

/// Immediate to memory.
@inline(__always)
func moveStoreImmediate<Word: FixedWidthInteger & BitwiseCopyable>(
  _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let value = Word(truncatingIfNeeded: operation.immediate)
  return write(value, at: operation.address(core), core, operation) { next(core, operation) }
}

/// Immediate to register.
@inline(__always)
func moveImmediate<Word: HotWord>(
  _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  core.setRegister(Word(truncatingIfNeeded: operation.immediate), at: operation.destination)
  return next(core, operation)
}

/// LEA.
@inline(__always)
func loadAddress<Word: HotWord>(
  _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  core.setRegister(Word(truncatingIfNeeded: operation.address(core)), at: operation.destination)
  return next(core, operation)
}

// MARK: The handlers

enum HotMoveHandlers {
  static let register8 = ThreadedHandler { unsafe moveRegister(UInt8.self, UInt8.self, $0, $1) }
  static let register32 = ThreadedHandler { unsafe moveRegister(UInt32.self, UInt32.self, $0, $1) }
  static let register64 = ThreadedHandler { unsafe moveRegister(UInt64.self, UInt64.self, $0, $1) }
  static let immediate8 = ThreadedHandler { unsafe moveImmediate(UInt8.self, $0, $1) }
  static let immediate32 = ThreadedHandler { unsafe moveImmediate(UInt32.self, $0, $1) }
  static let immediate64 = ThreadedHandler { unsafe moveImmediate(UInt64.self, $0, $1) }
  static let load8 = ThreadedHandler { unsafe moveLoad(UInt8.self, UInt8.self, $0, $1) }
  static let load32 = ThreadedHandler { unsafe moveLoad(UInt32.self, UInt32.self, $0, $1) }
  static let load64 = ThreadedHandler { unsafe moveLoad(UInt64.self, UInt64.self, $0, $1) }
  static let store8 = ThreadedHandler { unsafe moveStore(UInt8.self, $0, $1) }
  static let store16 = ThreadedHandler { unsafe moveStore(UInt16.self, $0, $1) }
  static let store32 = ThreadedHandler { unsafe moveStore(UInt32.self, $0, $1) }
  static let store64 = ThreadedHandler { unsafe moveStore(UInt64.self, $0, $1) }
  static let storeImmediate8 = ThreadedHandler { unsafe moveStoreImmediate(UInt8.self, $0, $1) }
  static let storeImmediate16 = ThreadedHandler { unsafe moveStoreImmediate(UInt16.self, $0, $1) }
  static let storeImmediate32 = ThreadedHandler { unsafe moveStoreImmediate(UInt32.self, $0, $1) }
  static let storeImmediate64 = ThreadedHandler { unsafe moveStoreImmediate(UInt64.self, $0, $1) }

  // MOVZX and MOVSX: from the first width to the second. With zeros the upper half of 64 bits is clear
  // either way, so the 32-bit handler does.
  static let zero8 = ThreadedHandler { unsafe moveRegister(UInt8.self, UInt32.self, $0, $1) }
  static let zero16 = ThreadedHandler { unsafe moveRegister(UInt16.self, UInt32.self, $0, $1) }
  static let loadZero8 = ThreadedHandler { unsafe moveLoad(UInt8.self, UInt32.self, $0, $1) }
  static let loadZero16 = ThreadedHandler { unsafe moveLoad(UInt16.self, UInt32.self, $0, $1) }
  static let sign8to32 = ThreadedHandler { unsafe moveRegister(Int8.self, UInt32.self, $0, $1) }
  static let sign8to64 = ThreadedHandler { unsafe moveRegister(Int8.self, UInt64.self, $0, $1) }
  static let sign16to32 = ThreadedHandler { unsafe moveRegister(Int16.self, UInt32.self, $0, $1) }
  static let sign16to64 = ThreadedHandler { unsafe moveRegister(Int16.self, UInt64.self, $0, $1) }
  static let sign32to64 = ThreadedHandler { unsafe moveRegister(Int32.self, UInt64.self, $0, $1) }
  static let loadSign8to32 = ThreadedHandler { unsafe moveLoad(Int8.self, UInt32.self, $0, $1) }
  static let loadSign8to64 = ThreadedHandler { unsafe moveLoad(Int8.self, UInt64.self, $0, $1) }
  static let loadSign16to32 = ThreadedHandler { unsafe moveLoad(Int16.self, UInt32.self, $0, $1) }
  static let loadSign16to64 = ThreadedHandler { unsafe moveLoad(Int16.self, UInt64.self, $0, $1) }
  static let loadSign32to64 = ThreadedHandler { unsafe moveLoad(Int32.self, UInt64.self, $0, $1) }

  static let address32 = ThreadedHandler { unsafe loadAddress(UInt32.self, $0, $1) }
  static let address64 = ThreadedHandler { unsafe loadAddress(UInt64.self, $0, $1) }

  static let nothing = ThreadedHandler {
    let (core, operation) = unsafe parts($0, $1)
    return next(core, operation)
  }
}
