internal import X86

// Moves of XMM registers in the threaded tier. An operation has the register's number in place of an offset.

extension Core {
  /// Whether an instruction on XMM registers raises neither #UD nor #NM for their sake.
  @inline(__always)
  fileprivate var areVectorsUsable: Bool {
    cr0.isDisjoint(with: [.emulation, .taskSwitched]) && cr4.contains(.osFXSR)
  }
}

@inline(__always)
private func vectorOffset(_ number: Int) -> Int { CoreLayout.xmm &+ (number & 15) &* 16 }

/// Memory to register; what is left of the register is cleared.
@inline(__always)
func loadVector<Part: FixedWidthInteger & BitwiseCopyable>(
  _ part: Part.Type, isAligned: Bool, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let linear = operation.address(core)
  guard core.areVectorsUsable, !isAligned || linear & 15 == 0 else { return executePlainly(core, operation) }
  return read(part, at: linear, core, operation) { value in
    core.store(UInt128(truncatingIfNeeded: value), at: vectorOffset(operation.destination))
    return next(core, operation)
  }
}

/// Register to memory, as much as `Part` holds.
@inline(__always)
func storeVector<Part: FixedWidthInteger & BitwiseCopyable>(
  _ part: Part.Type, isAligned: Bool, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let linear = operation.address(core)
  guard core.areVectorsUsable, !isAligned || linear & 15 == 0 else { return executePlainly(core, operation) }
  return write(core.load(part, at: vectorOffset(operation.source)), at: linear, core, operation) {
    next(core, operation)
  }
}

enum HotVectorHandlers {
  static let loadAligned = ThreadedHandler { unsafe loadVector(UInt128.self, isAligned: true, $0, $1) }
  static let loadUnaligned = ThreadedHandler { unsafe loadVector(UInt128.self, isAligned: false, $0, $1) }
  static let load32 = ThreadedHandler { unsafe loadVector(UInt32.self, isAligned: false, $0, $1) }
  static let load64 = ThreadedHandler { unsafe loadVector(UInt64.self, isAligned: false, $0, $1) }
  static let storeAligned = ThreadedHandler { unsafe storeVector(UInt128.self, isAligned: true, $0, $1) }
  static let storeUnaligned = ThreadedHandler { unsafe storeVector(UInt128.self, isAligned: false, $0, $1) }
  static let store32 = ThreadedHandler { unsafe storeVector(UInt32.self, isAligned: false, $0, $1) }
  static let store64 = ThreadedHandler { unsafe storeVector(UInt64.self, isAligned: false, $0, $1) }

  /// Register to register, all of it.
  static let copy = ThreadedHandler {
    let (core, operation) = unsafe parts($0, $1)
    guard core.areVectorsUsable else { return executePlainly(core, operation) }
    core.store(
      core.load(UInt128.self, at: vectorOffset(operation.source)), at: vectorOffset(operation.destination))
    return next(core, operation)
  }
  /// PXOR, XORPS, XORPD.
  static let exclusiveOr = ThreadedHandler {
    let (core, operation) = unsafe parts($0, $1)
    guard core.areVectorsUsable else { return executePlainly(core, operation) }
    let (left, right) = (vectorOffset(operation.destination), vectorOffset(operation.source))
    core.store(core.load(UInt128.self, at: left) ^ core.load(UInt128.self, at: right), at: left)
    return next(core, operation)
  }
}
